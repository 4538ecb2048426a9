"""Length of a text as SMS septets: the reference transliteration to GSM 03.38."""

import unicodedata

SINGLE_SMS_SEPTETS = 160
DOUBLE_SMS_SEPTETS = 306  # a header joins the two

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each of these travels behind an escape, so it weighs two septets.
_EXTENDED = frozenset("^{}\\[~]|€\f")

_LETTERS = (
    ("a", "âáã"),
    ("e", "êë"),
    ("i", "îïí"),
    ("o", "ôó"),
    ("u", "ûú"),
    ("y", "ÿ"),
    ("c", "ç"),
    ("A", "ÀÂ"),
    ("E", "ÈÊË"),
    ("I", "ÎÏ"),
    ("O", "Ô"),
    ("U", "ÙÛ"),
    ("Y", "Ÿ"),
)
# Typography only: what is read stays the same.
_TYPOGRAPHY = (
    ("oe", "œ"),
    ("OE", "Œ"),
    ("o", "°º"),
    ("'", "’‘ʼ´`"),
    ('"', "“”„«»"),
    ("-", "–—‑−•"),
    (".", "·"),
    ("...", "…"),
    ("2", "²"),
    ("1/2", "½"),
    (" ", "\u00a0\u202f\u2009\t"),
    ("x", "×"),
)
_PLAIN = {char: plain for plain, chars in _TYPOGRAPHY for char in chars}
_TRANSLITERATION = {char: plain for plain, chars in _LETTERS for char in chars} | _PLAIN
_TABLE = {char: char for char in _BASIC | _EXTENDED} | _TRANSLITERATION


def to_gsm7(text: str) -> str:
    """Write the text with GSM-7 letters; what has no equivalent (emoji, …) is dropped."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(_TABLE.get(char, "") for char in composed).split())


def gsm7_length(text: str) -> int:
    """Septets of the text once transliterated."""
    plain = to_gsm7(text)
    return len(plain) + sum(char in _EXTENDED for char in plain)


def with_plain_typography(text: str) -> str:
    """A typewriter's quotes, dashes and spaces; accents stay."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(_PLAIN.get(char, char) for char in composed).split())


def is_gsm7(text: str) -> bool:
    """Whether every letter is of the alphabet in which an SMS holds 160."""
    return all(char in _BASIC or char in _EXTENDED for char in text)


def septets(char: str) -> int:
    """What a letter of that alphabet weighs."""
    return 2 if char in _EXTENDED else 1
