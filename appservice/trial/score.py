"""Compares verdicts with labels: confusion, precision and recall, errors."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from appservice.domain.moderation import Decision, Policy, Verdict, judge
from appservice.trial.corpus import Labelled


@dataclass(frozen=True, slots=True)
class Tally:
    """Hits, false alarms and misses of one rule, or of all."""

    hits: int = 0
    alarms: int = 0
    misses: int = 0

    @property
    def precision(self) -> float:
        """Part of what fired that was expected."""
        return self.hits / (self.hits + self.alarms) if self.hits + self.alarms else 1.0

    @property
    def recall(self) -> float:
        """Part of what was expected that fired."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled message with its verdict."""

    label: Labelled
    verdict: Verdict

    @property
    def right(self) -> bool:
        """Whether the decision is the one expected."""
        return self.verdict.decision is self.label.decision

    @property
    def exact(self) -> bool:
        """Whether the decision and the rules are those expected."""
        return self.right and frozenset(self.verdict.rules) == self.label.rules


@dataclass(frozen=True, slots=True)
class Score:
    """All the messages judged, and the figures drawn from them."""

    judged: tuple[Judged, ...]

    @property
    def total(self) -> int:
        """Number of messages."""
        return len(self.judged)

    @property
    def right(self) -> int:
        """Number of expected decisions."""
        return sum(item.right for item in self.judged)

    @property
    def confusion(self) -> Counter[tuple[Decision, Decision]]:
        """Expected and given decisions."""
        return Counter((item.label.decision, item.verdict.decision) for item in self.judged)

    def missed(self, expected: Decision) -> tuple[int, int]:
        """How many messages of this decision were given another, of how many."""
        of = [item for item in self.judged if item.label.decision is expected]
        return sum(not item.right for item in of), len(of)

    def published_wrongly(self) -> tuple[int, int]:
        """How many messages that are not fit were published, of how many."""
        of = [i for i in self.judged if i.label.decision is not Decision.PUBLISH]
        return sum(i.verdict.decision is Decision.PUBLISH for i in of), len(of)

    def tally(self, rule: str) -> Tally:
        """Figures of one rule."""
        pairs = Counter(
            (rule in item.label.rules, rule in item.verdict.rules) for item in self.judged
        )
        return Tally(pairs[True, True], pairs[False, True], pairs[True, False])

    def together(self, rules: Iterable[str]) -> Tally:
        """Figures of several rules added up."""
        tallies = [self.tally(rule) for rule in rules]
        return Tally(
            sum(t.hits for t in tallies),
            sum(t.alarms for t in tallies),
            sum(t.misses for t in tallies),
        )


def score(corpus: Iterable[Labelled], policy: Policy) -> Score:
    """Judge every message of the corpus."""
    return Score(tuple(Judged(label, judge(label.submission, policy)) for label in corpus))
