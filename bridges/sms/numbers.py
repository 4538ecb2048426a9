"""Phone numbers: E.164, and whether a phone that reads SMS is behind them."""

import re
from functools import cache

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberType

# ARCEP keeps these for fiction; no operator has them, so phonenumbers calls them invalid.
_FICTION = re.compile(r"\+3363998[0-9]{4}")
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def e164(text: str, region: str = "FR") -> str | None:
    """The number as `+33639980001`; None when it is none."""
    number, written = _read(text, region)
    if number is None or _FICTION.fullmatch(written):
        return written or None
    return written if phonenumbers.is_valid_number(number) else None


def mobile(text: str, region: str = "FR") -> str | None:
    """The same, when the number can receive SMS."""
    if _french().fullmatch(text):
        return text  # as nearly all are: they are kept so, and read again before each text
    number, written = _read(text, region)
    if number is None or _FICTION.fullmatch(written):
        return written or None
    # Of a number that is not valid the type is not known.
    return written if phonenumbers.number_type(number) in _MOBILE else None


@cache
def _french() -> re.Pattern[str]:
    """The library's own pattern of mobiles in France, without all that it tries before."""
    plan = PhoneMetadata.metadata_for_region("FR")
    if plan is None or plan.mobile is None or plan.mobile.national_number_pattern is None:
        return _FICTION
    return re.compile(rf"\+33(?:{plan.mobile.national_number_pattern})")


def _read(text: str, region: str) -> tuple[PhoneNumber | None, str]:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None, ""
    return number, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
