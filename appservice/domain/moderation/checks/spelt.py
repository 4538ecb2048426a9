"""Numbers and letters said aloud: « zéro six », « quatre-vingt-dix-huit », « alpha bravo »."""

from dataclasses import dataclass

from appservice.domain.moderation.tokens import Token

_UNITS = {
    "zero": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6,
    "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13,
    "quatorze": 14, "quinze": 15, "seize": 16,
}  # fmt: skip
_TENS = {
    "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
    "septante": 70, "octante": 80, "huitante": 80, "nonante": 90,
}  # fmt: skip
_NATO = {
    "alpha": "a", "alfa": "a", "bravo": "b", "charlie": "c", "delta": "d", "echo": "e",
    "foxtrot": "f", "foxtrott": "f", "golf": "g", "hotel": "h", "india": "i", "juliet": "j",
    "juliett": "j", "juliette": "j", "kilo": "k", "lima": "l", "mike": "m", "november": "n",
    "novembre": "n", "oscar": "o", "papa": "p", "quebec": "q", "romeo": "r", "sierra": "s",
    "tango": "t", "uniform": "u", "uniforme": "u", "victor": "v", "whisky": "w", "whiskey": "w",
    "xray": "x", "yankee": "y", "zoulou": "z", "zulu": "z",
}  # fmt: skip


_CENT = frozenset({"cent", "cents"})


@dataclass(frozen=True, slots=True)
class Said:
    """Characters said by the words from `first` to `last` (excluded)."""

    chars: str
    first: int
    last: int
    aloud: bool


def _hundreds(tokens: list[Token], index: int) -> tuple[str, int]:
    """« cent douze », « six cent douze »: three digits."""
    word = tokens[index].word
    leading = _UNITS.get(word, 0)
    if word in {"cent", "cents"}:
        hundreds, end = 1, index + 1
    elif 2 <= leading <= 9 and index + 1 < len(tokens) and tokens[index + 1].word in _CENT:
        hundreds, end = leading, index + 2
    else:
        return "", index
    rest, after = _number(tokens, end) if end < len(tokens) else ("", end)
    return str(hundreds * 100 + int(rest or 0)), after


def _number(tokens: list[Token], index: int) -> tuple[str, int]:
    """The number said from this word on: its digits and where it ends, or ("", index)."""
    end = index
    value = 0
    word = tokens[end].word
    if word == "quatre" and end + 1 < len(tokens) and tokens[end + 1].word in {"vingt", "vingts"}:
        value, end = 80, end + 2
    elif word in _TENS:
        value, end = _TENS[word], end + 1
    elif (
        word == "dix"
        and end + 1 < len(tokens)
        and _UNITS.get(tokens[end + 1].word, 0) in {7, 8, 9}
    ):
        return str(10 + _UNITS[tokens[end + 1].word]), end + 2
    elif word in _UNITS:
        return str(_UNITS[word]), end + 1
    else:
        return "", index
    return _complete(tokens, value, end)


def _complete(tokens: list[Token], value: int, end: int) -> tuple[str, int]:
    """What follows a ten: « et un », « douze », « dix huit »."""
    after = end
    if after + 1 < len(tokens) and tokens[after].word == "et":
        after += 1
    if after >= len(tokens):
        return str(value), end
    unit = _UNITS.get(tokens[after].word)
    teens = value in {60, 80}
    if unit is None or unit == 0 or (unit >= 10 and not teens):
        return str(value), end
    if unit == 10 and after + 1 < len(tokens):
        more = _UNITS.get(tokens[after + 1].word, 0)
        if more in {7, 8, 9}:
            return str(value + 10 + more), after + 2
    return str(value + unit), after + 1


def said(tokens: list[Token]) -> list[Said]:
    """Characters word by word; words that say none give an empty string."""
    found: list[Said] = []
    index = 0
    while index < len(tokens):
        word = tokens[index].word
        digits, end = _hundreds(tokens, index)
        if not digits:
            digits, end = _number(tokens, index)
        if digits:
            found.append(Said(digits, index, end, aloud=True))
        elif word in _NATO:
            found.append(Said(_NATO[word], index, index + 1, aloud=True))
        elif word.isdigit() or (len(word) <= 3 and word.isalnum()):
            found.append(Said(word, index, index + 1, aloud=False))
        else:
            found.append(Said("", index, index + 1, aloud=False))
        index = found[-1].last
    return found


def is_nato(word: str) -> bool:
    """Whether the word is a letter of the radio alphabet."""
    return word in _NATO
