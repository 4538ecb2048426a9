"""How fast a channel takes what it is given."""

from dataclasses import dataclass

_MEASURED = 0.25  # seconds over which it is counted


@dataclass(slots=True)
class Tempo:
    """`a_second` is of the last quarter of a second in which something was taken."""

    a_second: float = 0.0
    _count: int = 0
    _since: float = 0.0

    def took(self, now: float) -> None:
        """One more; `now` in seconds."""
        self._count += 1
        if now - self._since >= _MEASURED:
            self.a_second = self._count / (now - self._since)
            self._since, self._count = now, 0
