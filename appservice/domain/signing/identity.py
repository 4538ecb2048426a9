"""Whether a changed name is still the same person's: a charter is signed by one person."""

from collections import Counter

from appservice.domain.signing.evidence import is_same_name
from appservice.domain.territory import slug


def is_same_person(name: str, known: str) -> bool:
    """The same words in any order and spelling, or one letter mended in one of them."""
    if is_same_name(name, known):
        return True
    here, there = (Counter(slug(text).split("-")) for text in (name, known))
    ours, theirs = list((here - there).elements()), list((there - here).elements())
    return len(ours) == len(theirs) == 1 and _one_letter_apart(ours[0], theirs[0])


def _one_letter_apart(one: str, other: str) -> bool:
    """One letter more, less or otherwise."""
    short, long = sorted((one, other), key=len)
    start = 0
    while start < len(short) and short[start] == long[start]:
        start += 1
    same_length = len(short) == len(long)
    return short[start + same_length :] == long[start + 1 :]
