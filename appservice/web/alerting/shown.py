"""What pages show of alerts: marked words, each channel's version, how far they have gone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from appservice.domain.alert import Cancelled, Held, Published, Turned
from appservice.domain.delivery import REPORTED_WITHIN, State, Tally
from appservice.domain.member import Channel
from appservice.domain.moderation import Decision, Finding
from appservice.domain.text import gsm7_length
from appservice.domain.wording import alerts as words
from appservice.domain.wording.common import Explained
from appservice.domain.world import World
from appservice.flows.console.dispatch import Followed
from appservice.flows.telephone.preview import Foreseen

VERDICTS = {
    Decision.PUBLISH: "Cette alerte serait diffusée.",
    Decision.HOLD: "Cette alerte attendrait une deuxième personne.",
    Decision.REVISE: "Cette alerte serait refusée en l'état.",
    Decision.REJECT: "Cette alerte serait refusée.",
    Decision.EMERGENCY: "C'est un danger en cours : appelez le 17 ou le 112.",
}
STAGES = {
    "held": "Attend une deuxième personne",
    "turned": "Refusée",
    "published": "Diffusée",
    "cancelled": "Annulée",
}
REPORT_STAGES = {
    "received": "Personne ne l'a pris",
    "taken": "Pris en charge",
    "cleared": "Doute levé",
    "closed": "Clos",
}
STEPS = {
    "waiting": "En attente",
    "deferred": "Différé au matin",
    "accepted": "Envoyé",
    "delivered": "Reçu",
    "failed": "Échec",
    "expired": "Périmé, non envoyé",
    "unknown": "Sort inconnu",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule spoke, in the language of whoever reads."""

    sentence: str
    rule: str
    legal_basis: str
    advice: str


def marked(text: str, findings: Sequence[Finding]) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether the rules recognised each of them."""
    last = 0
    for start, end in sorted({span for finding in findings for span in finding.spans}):
        if start >= end or start < last:
            continue
        if start > last:
            yield text[last:start], False
        yield text[start:end], True
        last = end
    if last < len(text):
        yield text[last:], False


def reasons(rules: Sequence[str], world: World, language: str) -> list[Reason]:
    """Each rule once, as the jurists wrote it."""
    return [_reason(rule, world.explained.get(rule), language) for rule in dict.fromkeys(rules)]


def _reason(name: str, rule: Explained | None, language: str) -> Reason:
    if rule is None:  # gone from the rules since
        return Reason("", name, "", "")
    sentence = rule.sentences.get(language) or rule.sentences.get("fr", "")
    return Reason(sentence, name, rule.legal_basis, rule.advice)


@dataclass(frozen=True, slots=True)
class Previewed:
    """The very words that each channel would bring."""

    headline: str
    text: str
    footer: str
    sms: str
    septets: int
    units: int
    segments: int
    room: int  # units that one SMS holds
    replaced: str  # letters that the telephone shows otherwise


def previewed(seen: Foreseen) -> Previewed:
    """As `flows.broadcast` would write it."""
    alert, sms = seen.alert, seen.shown
    headline, _, rest = words.body(alert, seen.author).partition("\n")
    text, _, footer = rest.rpartition("\n")
    changed = (char for char in alert.text if not char.isspace() and char not in sms.text)
    return Previewed(
        headline=headline,
        text=text,
        footer=footer,
        sms=sms.text,
        septets=gsm7_length(alert.text),
        units=sms.units,
        segments=sms.segments,
        room=160 if sms.gsm7 else 70,
        replaced=" ".join(dict.fromkeys(changed)),
    )


def progress(tally: Tally) -> list[tuple[str, list[int]]]:
    """A row a step that somebody is at, in the order of `STEPS`; a column a channel."""
    rows = []
    for step, label in STEPS.items():
        row = [_count(tally, channel, step) for channel in Channel]
        if any(row) or step in ("accepted", "delivered", "failed"):
            rows.append((label, row))
    return rows


def _count(tally: Tally, channel: Channel, step: str) -> int:
    def of(*states: State) -> int:
        return sum(tally.counts.get((channel, state), 0) for state in states)

    deferred = tally.deferred if channel is Channel.SMS else 0
    match step:
        case "waiting":
            return of(State.QUEUED, State.SUBMITTING) - deferred
        case "deferred":
            return deferred
        case _:
            return of(State(step))


def is_still(followed: Followed, now: datetime) -> bool:
    """Whether nothing of it moves any more: no page needs to look again and again."""
    match followed.alert.stage:
        case Held():
            return False
        case Turned():
            return True
        case Published(at=at) | Cancelled(at=at):
            return followed.tally.finished and now > at + REPORTED_WITHIN
        case _:
            assert_never(followed.alert.stage)
