"""A basic phone behind Debian's Kannel and SMPP: its OUI, its alerts, its report, its STOP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import pytest_asyncio
from support.crowds import TEXTS, crowd
from support.real_sms import RealGateway, gateway, gateway_of_the_session
from support.story import MOREL, POSTE, Story, merchant, signature

from appservice.domain.member import Channel
from appservice.flows.inbound import Inbox
from appservice.flows.telephone import consent

__all__ = ["gateway", "gateway_of_the_session"]
pytestmark = [pytest.mark.sms_real, pytest.mark.timeout(120)]

FACT = "Vol constaté à Liffré"
PATIENCE = 30  # seconds; never a measure
FANNY = replace(merchant("fanny", channels=frozenset({Channel.SMS})), phone="+33639980061")
STRANGER = "+33639980062"


class Behind:
    """The story's SMS, on the real gateway."""

    def __init__(self, story: Story, gateway: RealGateway, inbox: Inbox) -> None:
        self.story, self.gateway, self.inbox = story, gateway, inbox

    async def until(self, done: Callable[[], bool]) -> None:
        """Works in and out until that holds."""
        async with asyncio.timeout(PATIENCE):
            while not done():
                await self.inbox.work_once()
                await self.story.deliver()
                await asyncio.sleep(0.05)

    def shown(self, number: str = FANNY.phone or "") -> list[str]:
        return list(self.gateway.operator.shown(number))

    async def shows(self, text: str, number: str = FANNY.phone or "") -> str:
        await self.until(lambda: any(text in one for one in self.shown(number)))
        return next(one for one in self.shown(number) if text in one)

    async def says(self, text: str, number: str = FANNY.phone or "") -> None:
        await self.gateway.operator.say(number, text)

    async def publish(self, text: str = FACT) -> None:
        await self.story.writes(MOREL, f"alerte tous : {text}", where=POSTE)
        await self.story.deliver()


@pytest_asyncio.fixture(loop_scope="session")
async def behind(gateway: RealGateway) -> AsyncIterator[Behind]:
    story = await Story().begin()
    inbox = Inbox(
        channel=Channel.SMS,
        journal=story.store.journal,
        store=story.store,
        wake=story.store.wake,
        inbound=story.inbound,
        clock=story.clock,
    )
    bridge = gateway.bridge()
    await bridge.start(inbox.sink())
    story.bridges[Channel.SMS] = bridge  # type: ignore[assignment] # the real one for once
    async with story.store.transaction() as tx:
        await tx.members.save(FANNY)
        await tx.signatures.add(signature(FANNY))
    yield Behind(story, gateway, inbox)
    await bridge.stop()


@pytest.mark.acceptance("S3-09", "S4-08", "S4-12")
async def test_nobody_is_texted_before_their_yes_nor_after_their_stop(behind: Behind) -> None:
    story = behind.story
    await consent.watch_once(story.store, story.world, story.now)
    await behind.shows("répondez OUI pour les recevoir")
    await behind.publish()
    assert not any(FACT in text for text in behind.shown())

    await behind.says("Oui, d’accord")
    await behind.shows("vous recevrez les alertes par SMS")
    await behind.publish("Vol constaté à Redon, rue de l’Hôpital")
    await behind.shows("Vol constaté à Redon, rue de l'Hopital")
    await behind.until(
        lambda: any(
            slip.parcel.alert == 2 and slip.parcel.member == FANNY.id and slip.state == "delivered"
            for slip in story.store.tables.slips.values()
        )
    )

    await behind.says("S.T.O.P. SVP")
    await behind.shows("vous ne recevrez plus de SMS")
    count = len(behind.shown())
    await behind.publish("Vol constaté à Guer")
    assert len(behind.shown()) == count
    await behind.says("ARRÊT")  # said again, answered no more
    await behind.says("au secours, il est armé")
    await behind.shows("appelez tout de suite le 17")
    assert sum("vous ne recevrez plus de SMS" in text for text in behind.shown()) == 1


@pytest.mark.acceptance("S1-06")
async def test_danger_is_answered_first_whoever_writes(behind: Behind) -> None:
    await behind.says("au secours, il est armé", STRANGER)
    told = await behind.shows("appelez tout de suite le 17", STRANGER)
    assert "114 par SMS" in told
    await behind.says("Bonjour", STRANGER)
    await behind.shows("réservé à ses membres", STRANGER)


@pytest.mark.acceptance("S0-14")
async def test_a_report_and_its_thread_need_no_code(behind: Behind) -> None:
    await behind.says("Vitrine brisée ce matin, la caisse a disparu")
    await behind.shows("votre signalement S1")
    story = behind.story
    await story.writes(MOREL, "réponds S1 : Combien étaient-ils ?", where=POSTE)
    await behind.shows("Combien étaient-ils ?")
    await behind.says("2")
    await behind.shows("ajouté à S1")
    assert any("S1, complément de son auteur : « 2 »" in line for line in story.poste())


@pytest.mark.acceptance("S4-11")
async def test_a_new_text_and_a_withdrawal_are_said_in_words(behind: Behind) -> None:
    await behind.says("OUI")
    await behind.shows("vous recevrez les alertes par SMS")
    await behind.publish()
    await behind.shows(FACT)
    story = behind.story
    await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
    await behind.shows("ANNULE ET REMPLACE : Vol constaté à Redon")
    await story.writes(MOREL, "annule A1", where=POSTE)
    await behind.shows("ANNULATION : l'alerte de 14h00 est retirée")


@pytest.mark.acceptance("S2-20")
async def test_a_hundred_reports_of_one_event_make_one_card(behind: Behind) -> None:
    """From a hundred telephones, at the same instant; each is answered."""
    people = await crowd(behind.story, 100)
    numbers = [person.phone or "" for person in people]
    texts = [TEXTS[place % 3] for place in range(100)]
    await asyncio.gather(*map(behind.says, texts, numbers))
    await behind.until(lambda: all(map(behind.shown, numbers)))
    (card,) = behind.story.bridges[Channel.MATRIX].texts(POSTE)
    assert "S1 — 100 signalements du même fait" in card
    answers = [text for number in numbers for text in behind.shown(number)]
    assert len(answers) == 100
    assert all(answer.startswith("Reçu : votre signalement S") for answer in answers)
