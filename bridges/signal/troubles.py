"""What needs a person before Signal works again, and since when it is known."""

from bridges.protocol import Trouble
from bridges.signal.errors import Meaning, Reading


class Troubles:
    """By whom or what they concern: an ACI, a group, our account. Nothing here is ever logged."""

    def __init__(self) -> None:
        self._known: dict[str, Reading] = {}

    def noted(self, about: str, reading: Reading) -> None:
        """Kept when only a human can mend it; anything else passes by itself."""
        if reading.meaning is Meaning.HUMAN:
            self._known[about] = reading

    def over(self, about: str) -> bool:
        """It works again. Whether that is news."""
        return self._known.pop(about, None) is not None

    @property
    def known(self) -> tuple[Trouble, ...]:
        """Each once, the oldest first; whose phone it is when it is about one."""
        told = (
            Trouble(reading.code, about if reading.alone else "")
            for about, reading in self._known.items()
        )
        return tuple(dict.fromkeys(told))

    @property
    def first(self) -> Reading | None:
        """The oldest one."""
        return next(iter(self._known.values()), None)
