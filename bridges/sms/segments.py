"""A text as it will travel: alphabet, text sent, and how many SMS it takes."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bridges.sms import gsm7


class Encoding(StrEnum):
    """The two alphabets that every phone reads."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


_SINGLE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_PART = {Encoding.GSM7: 153, Encoding.UCS2: 67}  # a header joins the parts (3GPP TS 23.040)


@dataclass(frozen=True, slots=True)
class Sms:
    """A text ready to be sent. `units` are septets or UTF-16 code units.

    `parts` are what each SMS carries: joined, they are the text.
    """

    text: str
    encoding: Encoding
    units: int
    parts: tuple[str, ...]

    @property
    def segments(self) -> int:
        """How many SMS it takes."""
        return len(self.parts)

    @property
    def padded(self) -> str:
        """For who cuts UCS-2 every 67 units, through an emoji if need be: a space before such an
        emoji moves it whole to the next SMS."""
        if self.encoding is Encoding.GSM7:
            return self.text
        full = (part + " " * (_PART[self.encoding] - _units(part)) for part in self.parts[:-1])
        return "".join((*full, self.parts[-1]))

    @property
    def detail(self) -> str:
        """For the ledger: no content."""
        return f"{self.encoding.value} {self.segments}"


@lru_cache(maxsize=16)  # an alert to thousands is one text
def prepare(text: str, *, gsm7_only: bool = False) -> Sms:
    """The text in the cheapest form that loses nothing; with `gsm7_only` accents may go."""
    for candidate in (text, gsm7.plain_typography(text)):
        if gsm7.encode(candidate) is not None:
            return _sms(candidate, Encoding.GSM7)
    if gsm7_only:
        return _sms(gsm7.transliterate(text), Encoding.GSM7)
    return _sms(text, Encoding.UCS2)


def _sms(text: str, encoding: Encoding) -> Sms:
    units = sum(weight(char, encoding) for char in text)
    parts = (text,) if units <= _SINGLE[encoding] else _parts(text, encoding)
    return Sms(text, encoding, units, parts)


def weight(char: str, encoding: Encoding) -> int:
    """Units of one letter: € weighs two septets, an emoji two UTF-16 code units."""
    if encoding is Encoding.UCS2:
        return 2 if ord(char) > 0xFFFF else 1
    return gsm7.septets(char)


def _units(text: str) -> int:
    return sum(weight(char, Encoding.UCS2) for char in text)


def _parts(text: str, encoding: Encoding) -> tuple[str, ...]:
    """A letter of weight two is never cut in the middle, so a part may stay one unit short."""
    starts, used = [0], 0
    for place, char in enumerate(text):
        units = weight(char, encoding)
        if used + units > _PART[encoding]:
            starts.append(place)
            used = 0
        used += units
    return tuple(text[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True))
