"""Phone numbers: E.164, and whether a phone that reads SMS is behind them."""

import re

import phonenumbers
from phonenumbers import PhoneNumberType

# ARCEP keeps these for fiction; no operator has them, so phonenumbers calls them invalid.
_FICTION = re.compile(r"\+3363998[0-9]{4}")
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def e164(text: str, region: str = "FR") -> str | None:
    """The number as `+33639980001`; None when it is none."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number) or _FICTION.fullmatch(written):
        return written
    return None


def mobile(text: str, region: str = "FR") -> str | None:
    """The same, when the number can receive SMS."""
    written = e164(text, region)
    if written is None or _FICTION.fullmatch(written):
        return written
    kind = phonenumbers.number_type(phonenumbers.parse(written))
    return written if kind in _MOBILE else None
