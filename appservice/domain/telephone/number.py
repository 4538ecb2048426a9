"""Telephone numbers as people write them, and as the register keeps them."""

import phonenumbers

_MOBILE = {
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
}


class NotAMobile(ValueError):
    """Its message is for whoever typed the number."""


def mobile_of(text: str) -> str:
    """In international form (E.164); French numbers may be written as people write them.

    Raises NotAMobile.
    """
    try:
        number = phonenumbers.parse(text, "FR")
    except phonenumbers.NumberParseException:
        raise NotAMobile(f"« {text} » n'est pas un numéro de téléphone") from None
    if not phonenumbers.is_possible_number(number):
        raise NotAMobile(f"« {text} » n'est pas un numéro de téléphone")
    if phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) not in _MOBILE:
        raise NotAMobile(f"« {text} » n'est pas un numéro de mobile")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
