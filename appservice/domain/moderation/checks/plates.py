"""Plates: registrations in every way people write or say them."""

import re
from collections.abc import Iterator

from appservice.domain.moderation.checks.spelt import Said, is_nato, said
from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading, Slice, covering
from appservice.domain.moderation.verdict import Span

_GAP = r"[\s.\-_/]{0,3}"
_EDGE = r"(?<![a-z0-9])", r"(?![a-z0-9])"
_SIV = rf"[a-hj-np-tv-z]{{2}}{_GAP}[\do]{{3}}{_GAP}[a-hj-np-tv-z]{{2}}"
_OLD = rf"\d{{2,4}}{_GAP}[a-hj-np-tv-z]{{2,3}}{_GAP}(?:\d\d|2[ab]|97\d)"
_BY_ONE = r"[a-z]S[a-z]S\dS\dS\dS[a-z]S[a-z]".replace("S", r"[\s.\-_/]{1,2}")
_TEMPORARY = rf"ww?{_GAP}\d{{3}}{_GAP}[a-z]{{2}}"
_ABROAD = (
    r"\d-[a-z]{3}-\d{3}|\d{4}[ -]?[bcdfghjklmnpqrstvwxyz]{3}|[a-z]{1,3}-[a-z]{1,2}[ -]?\d{2,4}"
    r"|[a-z]{1,2}[ -]\d{2,3}[ -][a-z]{3}|[a-z]{2,3} \d{2}[a-z0-9]{2,3}|[a-z]{2}\d{2} [a-z]{3}"
    r"|[a-z]{1,2}-\d{3}-[a-z]{1,2}"
)
_HOME = re.compile(rf"{_EDGE[0]}(?:{_SIV}|{_OLD}|{_TEMPORARY}|{_BY_ONE}){_EDGE[1]}")
_FOREIGN = re.compile(rf"{_EDGE[0]}(?:{_ABROAD}){_EDGE[1]}")
_COMPACT = re.compile(
    r"[a-hj-np-tv-z]{2}[\do]{3}[a-hj-np-tv-z]{2}|\d{2,4}[a-hj-np-tv-z]{2,3}\d\d|ww?\d{3}[a-z]{2}"
)
_ODD = re.compile(r"(?:[A-Z]{2,3}[- ]?\d{2,4}[- ]?[A-Z]{1,3}|[A-Z]{2}-\d{3})\b")
_CHARS = re.compile(r"[a-z0-9]{1,4}$")
_REACH = 7
_ENOUGH = 3


def plate(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on a plate, whole or in part."""
    spans = _written(reading, rule)
    parts = _spaced(reading) + _announced(reading, rule)
    spans.extend(reading.spans(parts))
    return tuple(sorted(set(spans))) if spans else None


# « n° de série GX-160-KD »: the number of a thing.
_NUMBERED = ("serie", "lot", "modele", "reference", "dossier")
_SERIES = re.compile(rf"\b(?:{'|'.join(_NUMBERED)})(?: n[o°]?)? ?:? ?$")


def _unnumbered(shape: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """What has the shape of a plate and is not announced as the number of a thing."""
    for match in shape.finditer(text):
        if not _SERIES.search(text, max(0, match.start() - 24), match.start()):
            yield match


def _written(reading: Reading, rule: Rule) -> list[Span]:
    spans = []
    announced = reading.has(rule.options["announced"][0])
    common = set(rule.options["short_words"])
    # Capitals in a text that has few: whoever wrote them copied a plate.
    calm = sum(map(str.isupper, reading.submission.text)) < len(reading.submission.text) / 3
    carried = any(reading.has(notion) for notion in rule.options["carriers"])
    for match in _unnumbered(_HOME, reading.folded.text):
        span = reading.folded.span(*match.span())
        written = reading.submission.text[slice(*span)]
        sure = announced or (calm and written == written.upper())
        if sure or _looks_like_plate(match.group(), written, common, carried):
            spans.append(span)
    for match in _unnumbered(_FOREIGN, reading.folded.text):
        span = reading.folded.span(*match.span())
        text = reading.submission.text[slice(*span)]
        letters = re.findall(r"[a-z]+", match.group())
        dashed = re.match(r"[a-z]{1,3}-[a-z]{2} ?\d", match.group()) is not None
        if text == text.upper() and (dashed or not common.intersection(letters)):
            spans.append(span)
    return spans


def _looks_like_plate(folded: str, written: str, common: set[str], carried: bool) -> bool:
    """« de 300 en » has the shape of a plate; nobody writes a plate with those words."""
    groups = re.findall(r"[a-z]+|\d+", folded)
    letters = [group for group in groups if group.isalpha()]
    if not re.search(r"\s", folded):
        return not (len(letters) == 1 and letters[0] in common)
    if common.intersection(letters):
        copied = carried or written == written.upper()
        return len(letters) == 2 and not common.issuperset(letters) and copied
    return len(letters) == 2 or written == written.upper()


def found(reading: Reading) -> bool:
    """Whether a plate is there, by the rule of the policy that looks for them."""
    rules = [rule for rule in reading.policy.rules.values() if rule.check == "plate"]
    return any(_written(reading, r) or _spaced(reading) or _announced(reading, r) for r in rules)


def _spaced(reading: Reading) -> list[Slice]:
    """Letters and digits one by one, or said aloud."""
    found: list[Slice] = []
    run: list[Said] = []
    for piece in [*said(reading.tokens), Said("", 0, 0, aloud=False)]:
        if _belongs(piece, reading):
            run.append(piece)
            continue
        start = run[0].first if run else 0
        if not start or reading.tokens[start - 1].word not in _NUMBERED:
            found.extend(_plates_in(run, reading))
        run = []
    return found


def _belongs(piece: Said, reading: Reading) -> bool:
    """Whether the word may be part of a plate that is spelt out."""
    if not piece.chars:
        return False
    if piece.aloud or len(piece.chars) == 1 or piece.chars.isdigit():
        return True
    return len(piece.chars) == 2 and reading.tokens[piece.first].shout


def _plates_in(run: list[Said], reading: Reading) -> list[Slice]:
    if len(run) < 4 and not any(piece.aloud and piece.chars.isdigit() for piece in run):
        return []
    for first in range(len(run)):
        text = ""
        for last in range(first, min(len(run), first + 9)):
            text += run[last].chars
            if len(text) >= 7 and _COMPACT.fullmatch(text) and last - first >= 2:
                return [(run[first].first, run[last].last)]
    nato = [piece for piece in run if is_nato(reading.tokens[piece.first].word)]
    if len(nato) >= 2 and len(run) >= 3:
        return [(run[0].first, run[-1].last)]
    return []


def _announced(reading: Reading, rule: Rule) -> list[Slice]:
    """What follows « plaque », « immatriculé », « commence par » when it is no word."""
    found = []
    other = covering(reading.slices(rule.unless))
    for start, end in reading.slices(rule.finds):
        if start in other:
            continue
        part = _characters_after(reading, end, set(rule.options["short_words"]))
        if part is not None:
            found.append((start, part[1]))
    partial = (
        _group_after(reading, part, rule) for part in reading.slices(rule.options["partial"])
    )
    carriers = reading.slices(rule.options["carriers"])
    carried = (_odd_after(reading, part) for part in carriers)
    spoken = _spoken_after(reading, carriers, rule.options["short_words"]) if carriers else []
    return [*found, *spoken, *(p for p in partial if p), *(p for p in carried if p)]


def _spoken_after(reading: Reading, carriers: list[Slice], common: tuple[str, ...]) -> list[Slice]:
    """« clio blanche ew cent douze »: two letters and three figures just after a vehicle."""
    tokens = reading.tokens
    numbers = {piece.first: piece for piece in said(tokens) if piece.chars.isdigit()}
    found = []
    for index in sorted({i for _, end in carriers for i in range(end, end + 3)}):
        number = numbers.get(index + 1)
        if number is None or len(number.chars) != _ENOUGH:
            continue
        word = tokens[index].word
        letters = len(word) == 2 and word.isalpha() and word not in common
        if letters and number.aloud and not reading.policy.grammar.is_known(word):
            found.append((index, number.last))
    return found


def _group_after(reading: Reading, part: Slice, rule: Rule) -> Slice | None:
    """« plaque qui commence par FX »: the very next short group."""
    start, end = part
    tokens, common = reading.tokens, rule.options["short_words"]
    for index in range(end, min(len(tokens), end + 3)):
        word = tokens[index].word
        short = len(word) <= 4 and (tokens[index].shout or any(map(str.isdigit, word)))
        if short and word not in common and tokens[index].sentence == tokens[start].sentence:
            return start, index + 1
    return None


def _odd_after(reading: Reading, part: Slice) -> Slice | None:
    """« moto AA-77B »: capitals and figures just after a vehicle, of no known model."""
    tokens = reading.tokens
    end = part[1]
    if end >= len(tokens) or tokens[end].sentence != tokens[part[0]].sentence:
        return None
    rest = reading.submission.text[tokens[end].start : tokens[end].start + 12]
    match = _ODD.match(rest)
    last = end
    while match and last < len(tokens) and tokens[last].end <= tokens[end].start + match.end():
        last += 1
    return (end, last) if match and last > end else None


def _characters_after(reading: Reading, index: int, common: set[str]) -> Slice | None:
    """The first run of plate characters within reach, with at least three of them."""
    tokens = reading.tokens
    for first in range(index, min(len(tokens), index + _REACH)):
        if tokens[first].sentence != tokens[index - 1].sentence:
            return None
        last, count, digits = first, 0, 0
        while last < len(tokens) and _CHARS.match(tokens[last].word):
            word = tokens[last].word
            if word in common or not (
                word.isdigit() or len(word) <= 3 or any(map(str.isdigit, word))
            ):
                break
            count += len(word)
            digits += sum(map(str.isdigit, word))
            last += 1
        if count >= _ENOUGH and digits and (last - first > 1 or count >= 3):
            return first, last
    return None
