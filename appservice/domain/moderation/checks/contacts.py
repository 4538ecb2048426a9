"""Contacts: phone numbers, addresses of the network, accounts, IBAN, cards."""

import re
from collections.abc import Iterator

from stdnum import iban as iban_number
from stdnum import luhn

from appservice.domain.moderation.checks.spelt import said
from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading
from appservice.domain.moderation.verdict import Span

_DIGITS = re.compile(r"(?<![\da-z])\+?\s?[\do](?:[\s.\-/_()]{0,3}[\do]){7,18}(?![\da-z])")
_MAIL = re.compile(
    r"[a-z0-9._+\-]{1,64}\s?(?:@|\(at\)|\[at\]|\barobase\b|\barrobase\b)\s?[a-z0-9\-]{1,63}"
    r"(?:\s?(?:\.|\bpoint\b)\s?[a-z0-9\-]{2,24}){0,4}"
)
_LINK = re.compile(r"(?:https?://|www\.)[^\s]{2,}")
_DOMAIN = re.compile(
    r"(?<![@\w.\-])((?:[a-z0-9][a-z0-9\-]{0,62}(?:\.| point )){1,4}([a-z]{2,6}))(?![\w\-])"
)
_ACCOUNT = re.compile(r"(?<![\w.])@[a-z0-9_][a-z0-9_.]{2,}")
_IBAN = re.compile(r"(?<![a-z0-9])[a-z]{2}[\s-]?\d{2}(?:[\s-]?[a-z0-9]{1,4}){2,8}(?![a-z0-9])")
_CARD = re.compile(r"(?<![\d])\d{4}([\s.-]?)\d{4}\1\d{4}\1\d{3,4}(?![\d])")
_AMBIGUOUS_ENDINGS = frozenset("de es me it re la co pro info be".split())


def contact(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on anything that reaches somebody, outside the allow-list."""
    spans = {reading.folded.span(*place) for place in _written(reading, rule)}
    spans.update(reading.spans(_spoken(reading)))
    spans.update(reading.spans(reading.free(rule.finds, rule.unless)))
    return tuple(sorted(spans)) if spans else None


def _written(reading: Reading, rule: Rule) -> Iterator[tuple[int, int]]:
    text = reading.folded.text
    yield from _phones(reading, rule)
    yield from (match.span() for match in _MAIL.finditer(text))
    for match in _LINK.finditer(text):
        if not _is_public(match.group(), rule):
            yield match.span()
    yield from _domains(text, rule)
    yield from (match.span() for match in _ACCOUNT.finditer(text))
    announced = "iban" in text
    yield from (
        match.span() for match in _IBAN.finditer(text) if _is_iban(match.group(), announced)
    )
    card = "carte" in text
    for match in _CARD.finditer(text):
        before = text[max(0, match.start() - 80) : match.start()]
        if _after_series(before, rule) and not match.group(1):
            continue
        if luhn.is_valid(re.sub(r"\D", "", match.group())) or match.group(1) or card:
            yield match.span()


def _is_public(address: str, rule: Rule) -> bool:
    host = re.sub(r"^(?:https?://)?", "", address).split("/")[0].rstrip(".,;:)")
    return any(host == end or host.endswith("." + end) for end in rule.options["public_domains"])


def _domains(text: str, rule: Rule) -> Iterator[tuple[int, int]]:
    endings = set(rule.options["domain_endings"])
    for match in _DOMAIN.finditer(text):
        host, ending = match.group(1).replace(" point ", "."), match.group(2)
        if ending not in endings or _is_public(host, rule):
            continue
        name = host.rsplit(".", 1)[0]
        if ending in _AMBIGUOUS_ENDINGS and not re.search(r"[\d\-.]", name):
            continue
        if len(name) >= 2 and not name.isdigit():
            yield match.span()


def _is_iban(written: str, announced: bool) -> bool:
    compact = re.sub(r"[\s-]", "", written)
    if len(compact) >= 15 and (
        iban_number.is_valid(compact) or sum(map(str.isdigit, compact)) >= 12
    ):
        return True
    return compact.startswith("fr76") or (announced and len(compact) >= 8)


def _phones(reading: Reading, rule: Rule) -> Iterator[tuple[int, int]]:
    text = reading.folded.text
    for match in _DIGITS.finditer(text):
        written = match.group()
        digits = re.sub(r"\D", "", written.replace("o", "0"))
        if not _is_phone(digits, written.strip().startswith("+")):
            continue
        if digits in rule.options["public_numbers"]:
            continue
        if re.fullmatch(r"\d+", written.strip()) and _after_series(
            text[max(0, match.start() - 80) : match.start()], rule
        ):
            continue
        yield match.span()


def _is_phone(digits: str, international: bool) -> bool:
    if international:
        return 9 <= len(digits) <= 15
    national = len(digits) == 10 and digits[0] == "0" and digits[1] != "0"
    return national or (digits.startswith(("0033", "33")) and len(digits) in {11, 12, 13, 14})


def _after_series(before: str, rule: Rule) -> bool:
    """A number that a word of series announces is the number of a thing."""
    words = re.findall(r"[a-z0-9]+", before)[-4:]
    return bool(set(words).intersection(rule.options["series_words"]))


def _spoken(reading: Reading) -> list[tuple[int, int]]:
    """« zéro six 39 quatre-vingt-dix-huit 22 09 »: digits of which some are said aloud."""
    found = []
    run: list[tuple[str, int, int, bool]] = []
    pieces = [(s.chars, s.first, s.last, s.aloud) for s in said(reading.tokens)]
    for chars, first, last, aloud in [*pieces, ("", 0, 0, False)]:
        if chars.isdigit():
            run.append((chars, first, last, aloud))
            continue
        part = _phone_in(run)
        if part is not None:
            found.append(part)
        run = []
    return found


def _phone_in(run: list[tuple[str, int, int, bool]]) -> tuple[int, int] | None:
    if not any(aloud for _, _, _, aloud in run):
        return None
    for start in range(len(run)):
        if not run[start][0].startswith("0"):
            continue
        digits = ""
        for stop in range(start, min(len(run), start + 12)):
            digits += run[stop][0]
            if len(digits) >= 8:
                return run[start][1], run[stop][2]
    return None
