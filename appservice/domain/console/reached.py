"""Whom an alert would reach and whom not, and why: counts, never a name."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from appservice.domain.charter import InForce, NotInForce
from appservice.domain.ids import Insee, MemberId
from appservice.domain.member import Channel, Listed
from appservice.domain.telephone.consent import Asked, Consent


class Why(StrEnum):
    """Why somebody of the audience would read nothing. Four are states of a charter."""

    OFF_LIST = "off-list"
    NEVER_SIGNED = "never-signed"
    OUTDATED = "outdated"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NO_ADDRESS = "no-address"
    UNASKED = "unasked"
    UNANSWERED = "unanswered"
    STOPPED = "stopped"
    NO_ROUTE = "no-route"

    @property
    def french(self) -> str:
        """What keeps them from reading it."""
        return _WHY[self][0]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _WHY[self][1]


@dataclass(frozen=True, slots=True)
class Share:
    """Of so many people, so many."""

    reached: int = 0
    total: int = 0

    def plus(self, *, reached: bool) -> "Share":
        """With one more person."""
        return Share(self.reached + reached, self.total + 1)


@dataclass(frozen=True, slots=True)
class Reached:
    """What an audience comes down to."""

    everybody: Share
    channels: Mapping[Channel, Share]  # of those who chose each and whose charter is in force
    why: Mapping[Why, int]  # of those who would read nothing
    communes: Mapping[Insee, Share]


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody of the audience, whatever their charter says."""

    member: Listed
    standing: InForce | NotInForce
    consent: Consent | None
    reads_on: frozenset[Channel]  # as publication finds it
    off_list: bool = False  # of a test, from which nothing leaves


def summed(people: Iterable[Concerned]) -> Reached:
    """The counts of these people."""
    everybody = Share()
    channels: dict[Channel, Share] = dict.fromkeys(Channel, Share())
    why: Counter[Why] = Counter()
    communes: dict[Insee, Share] = {}
    for one in people:
        reached = bool(one.reads_on)
        everybody = everybody.plus(reached=reached)
        place = one.member.commune
        communes[place] = communes.get(place, Share()).plus(reached=reached)
        if isinstance(one.standing, InForce):
            for channel in one.member.channels | one.reads_on:
                channels[channel] = channels[channel].plus(reached=channel in one.reads_on)
        if not reached:
            why[_why(one)] += 1
    return Reached(everybody, channels, why, communes)


def _why(one: Concerned) -> Why:
    if one.off_list:
        return Why.OFF_LIST
    if isinstance(one.standing, NotInForce):
        return Why(one.standing.reason)
    if Channel.SMS in one.member.channels:
        return _unanswered(one.consent, one.member.id)
    return Why.NO_ROUTE if one.member.channels else Why.NO_ADDRESS


def _unanswered(consent: Consent | None, member: MemberId) -> Why:
    if consent is None or not consent.concerns(member):
        return Why.UNASKED
    if consent.refuses:
        return Why.STOPPED
    return Why.UNANSWERED if isinstance(consent.stage, Asked) else Why.NO_ROUTE


_WHY: Mapping[Why, tuple[str, str]] = {
    Why.OFF_LIST: (
        "Hors de la liste d'essai",
        "Rien : pendant l'essai, rien ne part hors de cette liste.",
    ),
    Why.NEVER_SIGNED: (
        "Charte jamais signée",
        "La faire signer.",
    ),
    Why.OUTDATED: (
        "Nouvelle version de la charte pas encore signée",
        "La faire signer de nouveau.",
    ),
    Why.EXPIRED: (
        "Charte échue",
        "La faire signer de nouveau.",
    ),
    Why.REVOKED: (
        "Participation retirée par la mairie",
        "Rien, ou réadmettre la personne.",
    ),
    Why.NO_ADDRESS: (
        "Aucune adresse sur les canaux choisis",
        "Compléter son inscription, remettre ses premiers pas, ou le faire écrire sur Signal.",
    ),
    Why.UNASKED: (
        "SMS : l'accord n'a pas encore été demandé",
        "Rien : la question part à la signature.",
    ),
    Why.UNANSWERED: (
        "SMS : n'a pas encore répondu OUI",
        "L'appeler pour qu'il réponde OUI.",
    ),
    Why.STOPPED: (
        "SMS : a répondu STOP",
        "Lui proposer un autre canal.",
    ),
    Why.NO_ROUTE: (
        "Aucune conversation ouverte",
        "Rien : le service l'ouvre de lui-même.",
    ),
}
