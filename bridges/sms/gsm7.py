"""Which texts fit the GSM 03.38 alphabet, and how to make others fit."""

import unicodedata
from functools import lru_cache

import gsm0338

_CODEC = gsm0338.Codec()
_ESCAPE = "\x1b"

# Typography only: what is read stays the same.
_TYPOGRAPHY = {
    "'": "’‘ʼ‛`´",
    '"': "“”„«»",
    "-": "–—‑−‐―",
    "...": "…",
    " ": "\u00a0\u202f\u2007\u2009\t",
    "": "\u200b\u200d\ufeff\u00ad\ufe0f",
    "oe": "œ",
    "OE": "Œ",
    "o": "°º",
    "*": "•",
    ".": "·",
    "2": "²",
    "3": "³",
    "1/2": "½",
    "x": "×",
    "->": "→",
    "<-": "←",
    "TM": "™",
    "(c)": "©",
    "(r)": "®",
}
_PLAIN = str.maketrans({char: plain for plain, chars in _TYPOGRAPHY.items() for char in chars})
# Letters that Unicode does not take apart.
_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ı": "i"})
_GUILLEMETS = (("«\u00a0", "«"), ("«\u202f", "«"), ("\u00a0»", "»"), ("\u202f»", "»"))


def encode(text: str) -> bytes | None:
    """The septets of the text, one a byte; None when a letter is outside the alphabet."""
    if _ESCAPE in text:  # the codec would let it through, and it changes the next letter
        return None
    try:
        septets: bytes = _CODEC.encode(text)[0]
    except UnicodeError:
        return None
    return septets


@lru_cache(maxsize=2048)
def septets(char: str) -> int:
    """How many one letter takes; 0 when it is outside the alphabet."""
    return len(encode(char) or b"")


def plain_typography(text: str) -> str:
    """The text with typewriter quotes, dashes and spaces; accents stay."""
    composed = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    for fine, short in _GUILLEMETS:
        composed = composed.replace(fine, short)
    return composed.translate(_PLAIN)


def transliterate(text: str) -> str:
    """The nearest text within the alphabet; a sign without equivalent (emoji) is left out."""
    return "".join(_nearest(char) for char in plain_typography(text).translate(_LETTERS)).strip()


@lru_cache(maxsize=2048)
def _nearest(char: str) -> str:
    if septets(char):
        return char
    base = "".join(
        part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part)
    )
    return "".join(part for part in base if septets(part))
