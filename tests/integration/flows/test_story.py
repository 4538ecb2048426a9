"""Reports up, alerts down, talk across: the whole story with PostgreSQL underneath."""

import asyncio
from dataclasses import replace

from support.story import (
    ALERTES,
    ALERTES_GROUP,
    ANNE,
    BRUNO,
    DAVID,
    ECHANGES,
    ECHANGES_GROUP,
    MOREL,
    NADIA,
    PAULE,
    PHOTO,
    POSTE,
    POSTE_GROUP,
    Story,
    agree,
    guichet,
    merchant,
    signature,
)

from appservice.domain.alert import Published
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel
from appservice.flows.inbound import Inbox
from bridges.protocol import Message

FACT = "Vol constaté à Liffré"


def shown(story: Story, channel: Channel, target: str) -> list[str]:
    return story.bridges[channel].texts(target)


async def test_a_report_goes_up_and_its_author_hears_of_each_step(story: Story) -> None:
    await story.writes(ANNE, "faux billet de 50 ce matin", PHOTO)
    await story.deliver()
    (card,) = (m for m in story.bridges[Channel.MATRIX].sent if m.target == POSTE)
    assert card.attachments[0].data == b"clean:photo"
    await story.reacts(MOREL, f"card:S1:matrix:{POSTE}", "👀")
    await story.writes(MOREL, "levée S1 fondé", where=POSTE)
    await story.writes(NADIA, "clos S1", where=POSTE)
    await story.deliver()
    steps = shown(story, Channel.MATRIX, guichet(ANNE.id))
    assert [line[:8] for line in steps] == ["Reçu : v", "S1 : pri", "S1 : lev", "S1 : clo"]


async def test_an_alert_is_held_approved_corrected_and_cancelled(story: Story) -> None:
    await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
    await story.deliver()
    await story.reacts(PAULE, f"card:A1:signal:{POSTE_GROUP}", "✅", POSTE_GROUP, Channel.SIGNAL)
    await story.deliver()
    assert shown(story, Channel.MATRIX, ALERTES) == []
    await story.reacts(NADIA, f"card:A1:matrix:{POSTE}", "✅")
    await story.deliver()
    assert "Vol ce matin" in shown(story, Channel.MATRIX, ALERTES)[0]
    assert "Vol ce matin" in shown(story, Channel.SIGNAL, ALERTES_GROUP)[0]
    assert shown(story, Channel.SMS, BRUNO.phone or "") == ["Vol ce matin"]
    await story.writes(MOREL, f"corrige A1 : {FACT}", where=POSTE)
    await story.deliver()
    (line,) = shown(story, Channel.MATRIX, ALERTES)
    assert FACT in line
    await story.writes(MOREL, "annule A1", where=POSTE)
    await story.deliver()
    assert shown(story, Channel.MATRIX, ALERTES) == []
    assert shown(story, Channel.SIGNAL, ALERTES_GROUP) == []
    assert "ANNULATION" in shown(story, Channel.SMS, BRUNO.phone or "")[-1]


async def test_of_many_hands_at_once_one_wins(story: Story) -> None:
    await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
    await asyncio.gather(
        *(story.writes(who, "valide A1", where=POSTE) for who in (MOREL, NADIA) * 4),
        *(story.writes(who, "corrige A1 : Vol constaté", where=POSTE) for who in (MOREL, NADIA)),
    )
    await story.deliver()
    async with story.store.transaction() as tx:
        alert = await tx.alerts.get(AlertId(1))
    assert alert is not None
    assert isinstance(alert.stage, Published)
    (line,) = shown(story, Channel.MATRIX, ALERTES)
    assert alert.text in line
    assert sum("validée" in t for t in shown(story, Channel.MATRIX, POSTE)) == 1


async def test_the_same_message_at_once_is_handled_once(story: Story) -> None:
    await asyncio.gather(
        *(story.writes(ANNE, "faux billet de 50 ce matin", key="$same") for _ in range(8))
    )
    await story.deliver()
    assert len(shown(story, Channel.MATRIX, POSTE)) == 1


async def test_talk_crosses_and_what_may_not_is_removed(story: Story) -> None:
    key = await story.writes(MOREL, "Bonjour", where=ECHANGES)
    bad = await story.writes(ANNE, "C'est Dupont", where=ECHANGES)
    await story.edits(MOREL, key, "Bonsoir", where=ECHANGES)
    await story.deliver()
    assert shown(story, Channel.SIGNAL, ECHANGES_GROUP) == [
        "Morel (gendarmerie) (Element) : Bonsoir"
    ]
    assert [m.acts_on for m in story.bridges[Channel.MATRIX].sent if m.target == ECHANGES] == [bad]


async def test_what_a_bridge_handed_over_outlives_its_worker(story: Story) -> None:
    def inbox() -> Inbox:
        return Inbox(
            channel=Channel.SIGNAL,
            journal=story.store.journal,
            store=story.store,
            wake=story.store.wake,
            inbound=story.inbound,
            clock=story.clock,
        )

    message = Message("k", BRUNO.signal or "", "faux billet de 50 ce matin", story.now)
    await inbox().sink()(replace(message, attachments=(PHOTO,)))
    assert await inbox().work_once()
    assert not await inbox().work_once()
    await story.deliver()
    assert "S1" in shown(story, Channel.SIGNAL, BRUNO.signal or "")[0]


async def test_two_hundred_telephones_get_it_once_each(story: Story) -> None:
    crowd = [merchant(f"zz{n:03d}", channels=frozenset({Channel.SMS})) for n in range(200)]
    crowd = [replace(m, phone=f"+3363998{n:04d}") for n, m in enumerate(crowd)]
    async with story.store.transaction() as tx:
        for member in crowd:
            await tx.members.save(member)
            await tx.signatures.add(signature(member))
            await agree(tx, member)
    await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
    await story.deliver()
    sent = [m.target for m in story.bridges[Channel.SMS].sent]
    assert len(sent) == len(set(sent)) == 202
    assert {DAVID.phone, BRUNO.phone} <= set(sent)
    assert any("SMS 202 remis" in line for line in shown(story, Channel.MATRIX, POSTE))
