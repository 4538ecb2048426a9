"""The town that these tests break and find whole again."""

from support.fault_town import town

__all__ = ["town"]
