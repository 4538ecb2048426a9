"""The town whose papers these tests go through."""

from support.fault_town import busy_town, town

__all__ = ["busy_town", "town"]
