"""What keeps a parcel from leaving, looked at just before it does, many parcels together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from appservice.domain.alert import Alert
from appservice.domain.charter import InForce
from appservice.domain.delivery import Kind, Parcel, Urgency
from appservice.domain.ids import AlertId, MemberId
from appservice.domain.member import Channel, Listed
from appservice.domain.telephone.consent import Consent
from appservice.domain.world import World
from appservice.flows import progress
from appservice.flows.departure.testing import OFF_LIST, kept_back
from appservice.flows.ports import Store


@dataclass(frozen=True, slots=True)
class Given:
    """Not sent, and why: the charter lapsed, the alert was replaced, nothing is left to change."""

    code: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: quiet hours hold in that territory until then."""

    until: datetime


Obstacles = Mapping[str, Given | Later]
"""By the key of the parcel."""


@dataclass(frozen=True, slots=True)
class _Known:
    """All that the parcels of one claim are about."""

    alerts: Mapping[AlertId, Alert]
    people: Mapping[MemberId, Listed]
    consents: Mapping[MemberId, Consent]


async def obstacles(
    store: Store, world: World, parcels: Sequence[Parcel], now: datetime
) -> Obstacles:
    """An alert reaches nobody whose charter lapsed since it was queued, and never late.

    A telephone gets no alert before its OUI, nothing that can wait after its STOP, and
    nothing that is not urgent in the quiet hours of its territory.
    """
    bound = [p for p in parcels if p.alert is not None and p.kind is not Kind.DELETE]
    texts = [p for p in parcels if p.channel is Channel.SMS and p.member is not None]
    off_list = {key: Given(OFF_LIST) for key in await kept_back(store, world, parcels)}
    if not bound and not texts:
        return off_list
    known = await _read(store, bound, texts)
    found = {p.key: reason for p in bound if (reason := _of_alert(world, p, known, now))}
    found |= {p.key: reason for p in texts if (reason := _of_text(p, known))}
    late = {p.key: Later(u) for p in texts if (u := _quiet_until(world, p, known, now))}
    return late | {key: Given(reason) for key, reason in found.items()} | off_list


async def _read(store: Store, bound: Sequence[Parcel], texts: Sequence[Parcel]) -> _Known:
    people = {*_people(bound), *_people(texts)}
    async with store.transaction() as tx:
        numbers = {parcel.alert for parcel in bound if parcel.alert is not None}
        alerts = [await tx.alerts.get(number) for number in numbers]
        return _Known(
            {alert.id: alert for alert in alerts if alert is not None},
            {member.id: member for member in await tx.roll.of(people)} if people else {},
            await tx.telephone.consents.held_by(_people(texts)) if texts else {},
        )


def _people(parcels: Iterable[Parcel]) -> Collection[MemberId]:
    return {parcel.member for parcel in parcels if parcel.member is not None}


def _of_alert(world: World, parcel: Parcel, known: _Known, now: datetime) -> str:
    if progress.is_overtaken(known.alerts.get(parcel.alert or AlertId(0)), parcel):
        return "overtaken"
    if parcel.member is None:
        return ""
    member = known.people.get(parcel.member)
    if member is None:
        return "gone"
    standing = world.standing(member, member.signature, now)
    return "" if isinstance(standing, InForce) else standing.reason


def _of_text(parcel: Parcel, known: _Known) -> str:
    """« Appelez le 17 » and the confirmation of STOP itself are urgent words, and always pass."""
    if parcel.member is None:
        return ""
    consent = known.consents.get(parcel.member)
    if parcel.alert is not None:
        return "" if consent is not None and consent.allows(parcel.member) else "no-consent"
    stopped = consent is not None and consent.refuses
    return "stopped" if stopped and parcel.urgency is not Urgency.URGENT else ""


def _quiet_until(world: World, parcel: Parcel, known: _Known, now: datetime) -> datetime | None:
    """Until when the text waits. Urgent are the alerts that an officer said are, and answers."""
    alert = known.alerts.get(parcel.alert) if parcel.alert is not None else None
    urgent = alert.urgent if alert is not None else parcel.urgency is Urgency.URGENT
    member = known.people.get(parcel.member) if parcel.member is not None else None
    if urgent or member is None:
        return None
    return world.quiet_until(world.territory_of(member), now)
