"""The town whose papers these tests go through."""

from support.fault_town import town

__all__ = ["town"]
