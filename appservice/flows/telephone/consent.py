"""Double opt-in: one question by SMS, one reminder at most, and no alert before the answer."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from appservice.domain.audit import Act
from appservice.domain.charter import InForce
from appservice.domain.delivery import Parcel
from appservice.domain.member import Channel, Member
from appservice.domain.telephone.consent import (
    REMINDED_AFTER,
    Asked,
    Consent,
    name_of,
    needs_asking,
    remind,
)
from appservice.domain.wording import telephone as words
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store, Transaction
from appservice.flows.rounds import rounds
from appservice.flows.step import every_poste, room_parcels

_LOG = logging.getLogger(__name__)
_EVERY = timedelta(minutes=1)
_AT_ONCE = 100  # members in one transaction


async def ask(tx: Transaction, world: World, member: Member, now: datetime) -> None:
    """Queues the question, once for a member and number. Nothing for whoever said STOP."""
    territory, number = world.territory_of(member), member.phone
    if territory is None or number is None or not member.told_by_sms:
        return
    known = await tx.telephone.consents.of(number)
    if not needs_asking(known, member.id):
        return
    expected = name_of(known.stage) if known is not None else None
    asked = Consent(member.id, Asked(now))
    if await tx.telephone.consents.advance(number, asked, expected):
        await _send(tx, member, number, words.question(territory), f"ask:{now.isoformat()}")
        await tx.acts.append(Act("service", "sms.ask", member.id, now, territory=territory.id))


async def watch(store: Store, world: World, clock: Clock, every: timedelta = _EVERY) -> None:
    """Until cancelled: asks whoever was not asked when they signed, and reminds once."""

    async def once() -> None:
        await watch_once(store, world, clock())

    await rounds(once, every, _LOG, "questions by SMS wait")


async def watch_once(store: Store, world: World, now: datetime) -> None:
    """One round. Whatever a process that died left undone is found again by what is stored."""
    async with store.transaction() as tx:
        unasked = await tx.telephone.consents.unasked()
        unanswered = await tx.telephone.consents.unanswered(now - REMINDED_AFTER)
    for start in range(0, len(unasked), _AT_ONCE):
        async with store.transaction() as tx:
            for member in await _in_force(tx, world, unasked[start : start + _AT_ONCE], now):
                await ask(tx, world, member, now)
    for start in range(0, len(unanswered), _AT_ONCE):
        async with store.transaction() as tx:
            for member in await _in_force(tx, world, unanswered[start : start + _AT_ONCE], now):
                await _remind(tx, world, member, now)
    await _tell_officers(store, world, now)


async def _in_force(
    tx: Transaction, world: World, members: Sequence[Member], now: datetime
) -> list[Member]:
    roll = await tx.roll.of([member.id for member in members])
    bound = {m.id for m in roll if isinstance(world.standing(m, m.signature, now), InForce)}
    return [member for member in members if member.id in bound]


async def _tell_officers(store: Store, world: World, now: datetime) -> None:
    """Once a week and territory: the key of the line holds the week."""
    async with store.transaction() as tx:
        silent = await tx.telephone.consents.silent(now - REMINDED_AFTER)
        for name, count in silent.items():
            territory = world.territories.get(name)
            if territory is None:
                continue
            week = f"unanswered:{name}:{now:%G-W%V}"
            for room in await every_poste(tx, territory):
                await tx.outbox.put(room_parcels(room, words.unanswered(count), week))


async def _remind(tx: Transaction, world: World, member: Member, now: datetime) -> None:
    territory, number = world.territory_of(member), member.phone
    known = await tx.telephone.consents.of(number) if number is not None else None
    reminded = remind(known, now) if known is not None else None
    if territory is None or number is None or known is None or reminded is None:
        return
    if await tx.telephone.consents.advance(number, reminded, "asked"):
        await _send(tx, member, number, words.reminder(territory), f"remind:{now.isoformat()}")
        await tx.acts.append(Act("service", "sms.remind", member.id, now, territory=territory.id))


async def _send(tx: Transaction, member: Member, number: str, text: str, name: str) -> None:
    key = f"consent:{member.id}:{name}"
    await tx.outbox.put([Parcel(key, Channel.SMS, number, text, member=member.id)])
