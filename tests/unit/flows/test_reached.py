"""Who would receive an alert: those whom publishing it reaches, and reasons that add up."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.story import (
    ALERTES,
    ALERTES_BIJOUTIERS,
    ALERTES_GROUP,
    BIJOUTIERS,
    BURALISTES,
    LIFFRE,
    MOREL,
    POSTE,
    REDON,
    START,
    TERRITORY,
    Story,
    merchant,
    signature,
)

from appservice.domain.audience import Audience
from appservice.domain.console import Account, AccountId, Opened, Position, Visitor
from appservice.domain.console.reached import Reached, Share, Why
from appservice.domain.delivery import GUICHET, Kind
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member
from appservice.domain.telephone.consent import Asked, Consent, Stopped
from appservice.domain.territory import Level, Zone
from appservice.flows.console.audience import Audiences

FACT = "Vol à main feinte constaté à Liffré"
EVERYWHERE = Zone(Level.TERRITORY, TERRITORY.id)
SMS, SIGNAL = frozenset({Channel.SMS}), frozenset({Channel.SIGNAL})


def visitor(position: Position = Position.GENDARME, territory: str = TERRITORY.id) -> Visitor:
    account = Account(AccountId("c1"), "x", "X", position, territory, MOREL.id)
    return Visitor(account, Opened(b"", account.id, START, START, START))


async def reached(story: Story, audience: Audience) -> Reached:
    flow = Audiences(story.store, story.clock, story.world)
    return await flow.reached(visitor(), TERRITORY, audience)


async def enrol(story: Story, member: Member, **signed: Any) -> None:
    async with story.store.transaction() as tx:
        await tx.members.save(member)
        await tx.signatures.add(replace(signature(member), **signed))


async def answer(story: Story, member: Member, consent: Consent) -> None:
    assert member.phone is not None
    async with story.store.transaction() as tx:
        await tx.telephone.consents.advance(member.phone, consent, None)


async def a_crowd(story: Story) -> None:
    """One more person for each reason, beside those of the story."""
    day = timedelta(days=1)
    await enrol(story, merchant("fanny"), revoked_at=START)
    await enrol(story, merchant("gael", REDON), valid_until=START)
    await enrol(story, merchant("hana"), text_hash="00")
    await enrol(story, replace(merchant("ines", channels=SIGNAL), signal=None))
    await enrol(story, merchant("jean", channels=SMS))
    asked, stopped = merchant("karl", channels=SMS), merchant("lise", REDON, channels=SMS)
    await enrol(story, asked)
    await answer(story, asked, Consent(asked.id, Asked(START)))
    await enrol(story, stopped)
    await answer(story, stopped, Consent(stopped.id, Stopped(START - day)))
    half = merchant("marc", channels=SMS | SIGNAL)
    await enrol(story, half)


def seats(story: Story) -> dict[str, list[MemberId]]:
    """Who sits where, said here in the words of the rooms and not in those of the flow."""
    tables = story.store.tables
    signatures = {signature.member: signature for signature in tables.signatures.values()}
    there = [
        member
        for member in tables.members.values()
        if (given := signatures.get(member.id)) is not None
        and given.revoked_at is None
        and given.valid_until > story.now
        and given.text_hash != "00"
    ]
    tobacconists = [m for m in there if m.trades[:1] == (BURALISTES,)]
    jewellers = [m for m in there if (m.trades[:1], m.commune) == ((BIJOUTIERS,), LIFFRE)]
    return {
        ALERTES: [m.id for m in tobacconists if m.mxid and Channel.MATRIX in m.channels],
        ALERTES_GROUP: [m.id for m in tobacconists if m.signal and Channel.SIGNAL in m.channels],
        ALERTES_BIJOUTIERS: [m.id for m in jewellers if m.mxid and Channel.MATRIX in m.channels],
    }


def people_told(story: Story) -> dict[MemberId, set[Channel]]:
    """Whom the parcels of the alert were for, as rooms and groups were peopled."""
    seated = seats(story)
    told: dict[MemberId, set[Channel]] = {}
    for parcel in story.parcels(kind=Kind.POST, alert=1):
        alone = parcel.member or (
            MemberId(parcel.target.removeprefix(GUICHET))
            if parcel.target.startswith(GUICHET)
            else None
        )
        for who in [alone] if alone else seated[parcel.target]:
            told.setdefault(who, set()).add(parcel.channel)
    return told


@pytest.mark.parametrize(
    ("said", "audience"),
    [
        ("buralistes", Audience(EVERYWHERE, frozenset({BURALISTES}))),
        ("buralistes Redon", Audience(Zone(Level.COMMUNE, REDON), frozenset({BURALISTES}))),
        ("bijoutiers Liffré", Audience(Zone(Level.COMMUNE, LIFFRE), frozenset({BIJOUTIERS}))),
        (
            "buralistes, bijoutiers",
            Audience(EVERYWHERE, frozenset({BURALISTES, BIJOUTIERS})),
        ),
    ],
)
async def test_the_people_counted_are_those_whom_publishing_reaches(
    story: Story, said: str, audience: Audience
):
    await a_crowd(story)
    counted = await reached(story, audience)
    await story.writes(MOREL, f"alerte {said} : {FACT}", where=POSTE)
    told = people_told(story)
    assert counted.everybody.reached == len(told) > 0
    for channel in Channel:
        assert counted.channels[channel].reached == sum(channel in on for on in told.values())


async def test_everybody_who_is_not_reached_is_counted_once_with_a_reason(story: Story):
    await a_crowd(story)
    counted = await reached(story, Audience(EVERYWHERE))
    assert counted.why == {
        Why.NEVER_SIGNED: 1,
        Why.REVOKED: 1,
        Why.EXPIRED: 1,
        Why.OUTDATED: 1,
        Why.NO_ADDRESS: 1,
        Why.UNASKED: 1,
        Why.UNANSWERED: 1,
        Why.STOPPED: 1,
    }
    everybody = counted.everybody
    assert everybody.total == everybody.reached + sum(counted.why.values()) == 13
    shares = counted.communes.values()
    assert sum(share.total for share in shares) == everybody.total
    assert sum(share.reached for share in shares) == everybody.reached
    # Marc is reached on Signal, and counted as lacking on SMS.
    assert counted.channels[Channel.SMS] == Share(reached=3, total=7)


async def test_nobody_is_a_count_too(story: Story):
    counted = await reached(story, Audience(Zone(Level.COMMUNE, REDON), frozenset({BIJOUTIERS})))
    assert counted.everybody == Share(0, 0)
    assert (counted.why, counted.communes) == ({}, {})


@pytest.mark.parametrize(
    "who",
    [
        visitor(Position.AUDITOR),
        visitor(Position.PREFECTURE),
        visitor(territory="yvelines-mantes"),
    ],
)
async def test_who_may_not_propose_an_alert_there_counts_nobody(story: Story, who: Visitor):
    flow = Audiences(story.store, story.clock, story.world)
    with pytest.raises(NotAllowed):
        await flow.reached(who, TERRITORY, Audience(EVERYWHERE))
