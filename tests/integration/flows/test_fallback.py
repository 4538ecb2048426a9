"""Signal's worker and the way round it want the same parcels, on a real PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest
from support.story import BURALISTES, MOREL, POSTE, REDON, Story, merchant, signature

from appservice.domain.member import Channel
from appservice.domain.telephone.consent import Agreed, Consent
from appservice.flows.departure.fallback import Fallback

FACT = "Vol constaté à Liffré"
SIGNAL = frozenset({Channel.SIGNAL})


@pytest.mark.acceptance("S2-20")
async def test_each_person_gets_it_once_by_one_way_or_the_other(story: Story) -> None:
    people = [
        replace(
            merchant(f"zz{n:03d}", REDON, BURALISTES, channels=SIGNAL),
            phone=f"+3363998{n:04d}",
            sms_fallback=True,
        )
        for n in range(80)
    ]
    async with story.store.transaction() as tx:
        for person in people:
            await tx.members.save(person)
            await tx.signatures.add(signature(person))
            yes = Consent(person.id, Agreed(story.now), "OUI")
            assert await tx.telephone.consents.advance(person.phone or "", yes, None)
    signal = story.bridges[Channel.SIGNAL]
    signal.down = True
    watch = Fallback(signal, story.store, story.world, story.clock)
    await watch.look()
    await story.writes(MOREL, f"alerte buralistes Redon : {FACT}", where=POSTE)
    story.later(minutes=3)
    signal.down = False
    worker = story.delivery(Channel.SIGNAL)
    await asyncio.gather(worker.deliver_once(), *(watch.look() for _ in range(3)))
    await story.deliver()
    sent = signal.sent + story.bridges[Channel.SMS].sent
    reached = [m.target for m in sent if FACT in m.text and not m.to_group]
    for person in people:
        assert reached.count(person.signal or "") + reached.count(person.phone or "") == 1
