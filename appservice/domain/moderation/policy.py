"""The rules in force, as the jurists wrote them: built once, then only read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from appservice.domain.moderation.grammar import Grammar
from appservice.domain.moderation.resemblance import Resemblance
from appservice.domain.moderation.spelling import Spelling
from appservice.domain.moderation.verdict import Decision


@dataclass(frozen=True, slots=True)
class Example:
    """A message a rule accepts or refuses, with the decision expected for its author."""

    text: str
    author_role: str
    decision: Decision
    rules: tuple[str, ...]
    path: str
    line: int
    attachments: tuple[str, ...] = ()


class Match(Protocol):
    """Where a pattern was found."""

    def start(self) -> int:
        """Index of the first character."""
        ...

    def end(self) -> int:
        """Index after the last character."""
        ...


class Searcher(Protocol):
    """A compiled pattern, whoever compiled it."""

    def finditer(self, text: str) -> Iterable[Match]:
        """Every place where it is found."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it looks for, what follows, why, and what its author is told."""

    id: str
    check: str
    decision: Mapping[str, Decision]
    legal_basis: str
    verified_on: date
    sentences: Mapping[str, str]
    advice: str
    finds: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    fact_only: bool = False
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patterns: tuple[Searcher, ...] = ()
    accepted: tuple[Example, ...] = ()
    refused: tuple[Example, ...] = ()
    origin: tuple[str, int] = ("", 0)

    def decision_for(self, role: str) -> Decision:
        """What follows for an author of this role."""
        return self.decision[role]


@dataclass(frozen=True, slots=True)
class Names:
    """First names and surnames, folded, the most common first."""

    first: Mapping[str, int] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules, lexicons, spellings, names and what was learnt, with the hash of the files."""

    rules: Mapping[str, Rule]
    grammar: Grammar
    spelling: Spelling
    names: Names
    hash: str
    learnt: Mapping[str, Resemblance] = field(default_factory=dict)  # by rule
