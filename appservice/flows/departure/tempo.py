"""How fast a channel takes what it is given."""

from dataclasses import dataclass

_MEASURED = 0.05  # seconds over which it is counted: an alert to a thousand lasts two


@dataclass(slots=True)
class Tempo:
    """`a_second` is of the last moment in which something was taken."""

    a_second: float = 0.0
    _count: int = 0
    _since: float = 0.0

    def starts(self, now: float) -> None:
        """Nothing was in hand until now: what went before says nothing of the channel."""
        self._since, self._count = now, 0

    def took(self, now: float) -> None:
        """One more; `now` in seconds."""
        self._count += 1
        if now - self._since >= _MEASURED:
            self.a_second = self._count / (now - self._since)
            self._since, self._count = now, 0
