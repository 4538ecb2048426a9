"""A message read once: its words, its sentences and every notion found in them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appservice.domain.moderation.characters import Folded, fold
from appservice.domain.moderation.grammar import Edges
from appservice.domain.moderation.policy import Policy
from appservice.domain.moderation.spelling import mend
from appservice.domain.moderation.tokens import Token, tokenise
from appservice.domain.moderation.verdict import Span, Submission

_CLOCK = re.compile(r"(?:[01]?\d|2[0-4])h(?:[0-5]\d)?$")

_SHAPES = {
    "ent": re.compile(r"[a-z]{3,}(?<!m)ent$"),
    "imparfait_forme": re.compile(
        r"(?!fait|sait|plait|lait|parait|connait|trait)[a-z]+(?:ait|aient)$"
    ),
    "futur_forme": re.compile(
        r"(?!camera|opera)[a-z]{2,}(?:era|eront|ira|iront|dra|dront|rra|rront)$"
    ),
    "participe_forme": re.compile(
        r"(?!une|cette|notre|votre|autre|encore)[a-z]{2,}(?:ee?s?|is?|ies?|ite?s?|ue?s?|us|erte?s?)$"
    ),
    "taille": re.compile(r"[12]m(?:\d\d)?$"),
    "taille_decimale": re.compile(r"[12][.,]\d\d$"),
    "route_num": re.compile(r"(?:[adn]|rd|rn)\d{1,4}$"),
}

# A slice of the words: first index, and index after the last.
Slice = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the checks look at."""

    submission: Submission
    policy: Policy
    folded: Folded
    tokens: list[Token]
    edges: Edges
    places: Mapping[str, list[Slice]]
    questions: frozenset[int]

    def slices(self, notions: Iterable[str]) -> list[Slice]:
        """Where the notions are, in order."""
        return sorted({part for notion in notions for part in self.places.get(notion, ())})

    def has(self, notion: str) -> bool:
        """Whether the notion is anywhere."""
        return notion in self.places

    def free(self, notions: Iterable[str], covers: Iterable[str]) -> list[Slice]:
        """Where the notions are, outside what the covers cover."""
        covered = covering(self.slices(covers))
        return [part for part in self.slices(notions) if not covered.intersection(range(*part))]

    def asked(self, sentence: int) -> bool:
        """Whether the sentence is a question."""
        return sentence in self.questions

    def span(self, part: Slice) -> Span:
        """Offsets of a slice in the original text."""
        return self.tokens[part[0]].start, self.tokens[part[1] - 1].end

    def spans(self, parts: Iterable[Slice]) -> tuple[Span, ...]:
        """Offsets of the slices, those inside another left out."""
        kept: list[Span] = []
        for span in sorted((self.span(part) for part in parts), key=lambda s: (s[0], -s[1])):
            if not kept or span[1] > kept[-1][1]:
                kept.append(span)
        return tuple(kept)

    def words(self, part: Slice) -> str:
        """The folded words of a slice."""
        return " ".join(token.word for token in self.tokens[part[0] : part[1]])


def covering(parts: Iterable[Slice]) -> set[int]:
    """Indexes of all the words inside the slices."""
    return {index for part in parts for index in range(*part)}


def _shapes(token: Token) -> list[str]:
    """Notions that a word has by its shape alone."""
    word = token.word
    shapes = []
    if word[0].isdigit():
        shapes.append("heure" if _CLOCK.match(word) else "chiffre")
        if word.isdigit() and len(word) <= 2 and 0 < int(word) < 18:
            shapes.append("age_mineur")
        if word.isdigit() and len(word) == 2 and int(word) >= 18:
            shapes.append("age_majeur")
    if len(word) >= 5 and word.endswith("ez"):
        shapes.append("ez")
    shapes.extend(name for name, shape in _SHAPES.items() if shape.match(word))
    if token.capital:
        shapes.append("majuscule")
    return shapes


def read(submission: Submission, policy: Policy) -> Reading:
    """Read a message with the lexicons of a policy."""
    folded = fold(submission.text, policy.spelling.pictures)
    tokens = mend(tokenise(folded), policy.spelling, policy.grammar.is_known)
    edges = policy.grammar.edges(tokens, _shapes)
    return Reading(
        submission,
        policy,
        folded,
        tokens,
        edges,
        _places(edges),
        _questions(tokens, submission.text),
    )


def _questions(tokens: list[Token], text: str) -> frozenset[int]:
    """Sentences that a question mark ends."""
    following = [*(token.start for token in tokens[1:]), len(text)][: len(tokens)]
    return frozenset(
        token.sentence
        for token, after in zip(tokens, following, strict=True)
        if "?" in text[token.end : after]
    )


def _places(edges: Edges) -> dict[str, list[Slice]]:
    """Where each notion is; the longest for each beginning."""
    places: dict[str, list[Slice]] = {}
    for start, here in enumerate(edges):
        for notion, ends in here.items():
            places.setdefault(notion, []).append((start, max(ends)))
    return places
