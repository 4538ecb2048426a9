"""What a telephone will show of a text, and how many SMS that makes."""

import unicodedata
from dataclasses import dataclass

from appservice.domain.text import is_gsm7, septets, to_gsm7, with_plain_typography

_SINGLE = {True: 160, False: 70}
_PART = {True: 153, False: 67}  # a header joins the parts (3GPP TS 23.040)


@dataclass(frozen=True, slots=True)
class Shown:
    """`text` is what leaves, letter by letter. `units` are septets, or UTF-16 code units."""

    text: str
    gsm7: bool
    units: int
    segments: int


def shown(text: str, *, gsm7_only: bool) -> Shown:
    """The text in letters that cost one SMS, or with its accents at the price of some more.

    Quotes, dashes and spaces are a typewriter's wherever that is enough.
    """
    plain = to_gsm7(text) if gsm7_only else with_plain_typography(text)
    if is_gsm7(plain):
        return _weighed(plain, gsm7=True)
    return _weighed(unicodedata.normalize("NFC", text), gsm7=False)


def _weighed(text: str, *, gsm7: bool) -> Shown:
    weights = [septets(char) if gsm7 else 1 + (ord(char) > 0xFFFF) for char in text]
    units = sum(weights)
    if units <= _SINGLE[gsm7]:
        return Shown(text, gsm7, units, 1)
    parts, used = 1, 0
    for weight in weights:  # a letter that weighs two is never cut in the middle
        if used + weight > _PART[gsm7]:
            parts, used = parts + 1, 0
        used += weight
    return Shown(text, gsm7, units, parts)
