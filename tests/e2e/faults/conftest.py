"""The town that these tests break and find whole again."""

from support.fault_town import busy_town, town

__all__ = ["busy_town", "town"]
