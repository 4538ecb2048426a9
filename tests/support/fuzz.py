"""How many examples a property is tried on: few with the other tests, many in `make fuzz`."""

import os

from hypothesis import settings

TIMES = int(os.environ.get("MAILLAGE_FUZZ", "1"))


def examples(count: int) -> settings:
    """So many examples, times what the fuzz run asks; no deadline, machines may be busy."""
    return settings(max_examples=count * TIMES, deadline=None)
