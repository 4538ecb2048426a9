"""A basic phone behind Debian's Kannel and SMPP, and the ledger behind us: its OUI, its STOP."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import asyncpg
import pytest
import pytest_asyncio
from support.crowds import TEXTS, crowd
from support.real_sms import RealGateway, gateway, gateway_of_the_session
from support.story import (
    MOREL,
    POSTE,
    TERRITORY,
    Story,
    agent,
    agree,
    guichet,
    merchant,
    signature,
)

from appservice.domain.delivery import QUIET
from appservice.domain.member import Channel, Member
from appservice.domain.room import Kind, KnownRoom, RoomKey
from appservice.domain.telephone.rules import PARIS, TextRules
from appservice.domain.territory import Level, Zone
from appservice.flows.inbound import Inbox
from appservice.flows.telephone import consent

__all__ = ["gateway", "gateway_of_the_session"]
pytestmark = [pytest.mark.sms_real, pytest.mark.timeout(120)]

FACT = "Vol constaté à Liffré"
PATIENCE = 30  # seconds; never a measure
FANNY = replace(merchant("fanny", channels=frozenset({Channel.SMS})), phone="+33639980061")
STRANGER = "+33639980062"
# A territory that keeps its accents, with an officer and a merchant of its own.
ACCENTED = replace(TERRITORY, id="finistere", texts=TextRules(gsm7_only=False))
ROUE = replace(agent("roue"), territory=ACCENTED.id)
GAEL = replace(FANNY, id="gael", territory=ACCENTED.id, phone="+33639980063")
PREVIEW = re.compile(r"Sur téléphone : « (.+) » \(.*\)\..*\n(\d) SMS par téléphone")
TEXTS_OF = """
SELECT state, code, detail FROM parcels JOIN deliveries USING (id)
WHERE alert = $1 AND member = $2
"""
LEFT = """
SELECT (SELECT count(*) FROM handled WHERE channel = 'sms') AS came,
    (SELECT count(*) FROM journal WHERE done_at IS NULL)
    + (SELECT count(*) FROM deliveries WHERE state IN ('queued', 'submitting')) AS waiting
"""
WHY = "SELECT codes FROM audit_entries WHERE verb = $1 AND subject = $2"


class Behind:
    """The story's SMS, on the real gateway."""

    def __init__(self, story: Story, gateway: RealGateway, inbox: Inbox, dsn: str) -> None:
        self.story, self.gateway, self.inbox, self.dsn = story, gateway, inbox, dsn

    async def until(self, done: Callable[[], bool | Awaitable[bool]]) -> None:
        """Works in and out until that holds."""
        async with asyncio.timeout(PATIENCE):
            while not (held if isinstance(held := done(), bool) else await held):
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

    async def publish(self, text: str = FACT, order: str = "alerte tous") -> None:
        await self.story.writes(MOREL, f"{order} : {text}", where=POSTE)
        await self.story.deliver()

    def reads(self, room: str) -> list[str]:
        """What Element shows there."""
        return self.story.bridges[Channel.MATRIX].texts(room)

    async def enrol(self, *people: Member) -> None:
        """Signed, and their numbers have said OUI."""
        async with self.story.store.transaction() as tx:
            for person in people:
                await tx.members.save(person)
                await tx.signatures.add(signature(person))
                await agree(tx, person)

    async def ledger(self, alert: int, who: Member = FANNY) -> tuple[str, str, str]:
        """State, code and detail of that person's text of an alert."""
        [row] = await self.rows(TEXTS_OF, alert, who.id)
        return row["state"], row["code"], row["detail"]

    async def delivered(self, alert: int, who: Member = FANNY) -> bool:
        return (await self.ledger(alert, who))[0] == "delivered"

    async def handled(self, count: int) -> bool:
        """Whether so many texts of phones came in, and nothing is left to do in or out."""
        [left] = await self.rows(LEFT)
        return left["came"] == count and left["waiting"] == 0

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def behind(story: Story, gateway: RealGateway) -> AsyncIterator[Behind]:
    inbox = Inbox(
        channel=Channel.SMS,
        journal=story.store.journal,
        store=story.store,
        wake=story.store.wake,
        inbound=story.inbound,
        clock=story.clock,
    )
    bridge = gateway.bridge(story.clock)
    await bridge.start(inbox.sink())
    story.bridges[Channel.SMS] = bridge  # type: ignore[assignment] # the real one for once
    async with story.store.transaction() as tx:
        await tx.members.save(FANNY)
        await tx.signatures.add(signature(FANNY))
    yield Behind(story, gateway, inbox, story.real_store.wake._dsn)
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
    await behind.until(lambda: behind.delivered(2))

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


async def test_a_stranger_is_told_once_where_the_mairie_is_and_nothing_else_comes_of_it(
    behind: Behind,
) -> None:
    for said in ("Bonjour", "Je m'appelle Hortense", "Vitrine brisée, la caisse a disparu"):
        await behind.says(said, STRANGER)
    await behind.until(lambda: behind.handled(3))
    [told] = behind.shown(STRANGER)
    assert "réservé à ses membres" in told
    assert TERRITORY.contact in told
    assert await behind.rows("SELECT FROM reports") == []
    assert behind.reads(POSTE) == []


async def test_help_comes_by_either_name_and_a_report_asks_for_a_charter(behind: Behind) -> None:
    await behind.says("AIDE")
    await behind.shows(TERRITORY.contact)
    await behind.says("Help")
    await behind.until(lambda: len(behind.shown()) == 2)
    assert all(TERRITORY.contact in text for text in behind.shown())
    lapsed = replace(FANNY, id="gwen", phone="+33639980064")
    async with behind.story.store.transaction() as tx:
        await tx.members.save(lapsed)  # and never signed
    await behind.says("Vitrine brisée ce matin, la caisse a disparu", lapsed.phone)
    await behind.until(lambda: behind.handled(3))
    assert await behind.rows("SELECT FROM reports") == []
    [told] = behind.shown(lapsed.phone)
    assert "charte" in told


@pytest.mark.acceptance("S0-14")
async def test_a_report_and_its_thread_need_no_code(behind: Behind) -> None:
    await behind.says("Vitrine brisée ce matin, la caisse a disparu")
    await behind.shows("votre signalement S1")
    story = behind.story
    await story.writes(MOREL, "réponds S1 : Combien étaient-ils ?", where=POSTE)
    await behind.shows("Combien étaient-ils ?")
    await behind.says("2")
    await behind.shows("ajouté à S1")
    assert any("S1, complément de son auteur : « 2 »" in line for line in behind.reads(POSTE))


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


async def test_a_phone_shows_what_its_territory_s_preview_showed(behind: Behind) -> None:
    """One gives up accents for the price of one SMS, the other keeps them and pays."""
    story, text = behind.story, "Contrôlez l’arrière-boutique : vol constaté à Liffré " + "a" * 60
    both = {TERRITORY.id: TERRITORY, ACCENTED.id: ACCENTED}
    story.world = story.inbound.world = replace(story.world, territories=both)
    await behind.enrol(ROUE, GAEL)
    zone = Zone(Level.TERRITORY, ACCENTED.id)
    door = RoomKey(Kind.GUICHET, zone, ACCENTED.id, member=ROUE.id)
    async with story.store.transaction() as tx:
        await agree(tx, FANNY)
        await tx.rooms.remember(KnownRoom(door, guichet(ROUE.id)))
    await story.writes(MOREL, f"aperçu tous : {text}", where=POSTE)
    await story.writes(ROUE, f"aperçu tous : {text}")
    await story.deliver()
    seen = [PREVIEW.search(behind.reads(room)[-1]) for room in (POSTE, guichet(ROUE.id))]
    previews = [(found[1], int(found[2])) for found in seen if found]
    plain = text.translate(str.maketrans("ô’", "o'"))
    assert previews == [(plain, 1), (text, 2)]
    await behind.publish(text)
    await story.writes(ROUE, f"alerte tous : {text}")
    await behind.until(lambda: behind.delivered(1))
    await behind.until(lambda: behind.delivered(2, GAEL))
    for who, (shown, segments) in zip((FANNY, GAEL), previews, strict=True):
        assert behind.shown(who.phone or "") == [shown]
        carried = [part for part in behind.gateway.operator.parts if part.number == who.phone]
        assert len(carried) == segments
    details = [(await behind.ledger(1))[2], (await behind.ledger(2, GAEL))[2]]
    assert details == ["gsm7 1", "ucs2 2"]


async def test_at_night_texts_wait_and_urgent_ones_pass_and_the_audit_says_why(
    behind: Behind,
) -> None:
    story = behind.story
    async with story.store.transaction() as tx:
        await agree(tx, FANNY)
    story.later(hours=16, minutes=45)
    assert story.now.astimezone(ZoneInfo(PARIS)).time() == time(6, 45)
    await behind.publish("Vol constaté à Redon")
    await behind.publish("Vol constaté à Guer")
    assert [await behind.ledger(n) for n in (1, 2)] == [("queued", QUIET, "")] * 2
    assert behind.gateway.operator.asked == 0

    await story.writes(MOREL, "urgent A2", where=POSTE)
    await behind.publish("Vol à main armée constaté à Liffré", "alerte urgente tous")
    await behind.until(lambda: behind.delivered(2))
    await behind.until(lambda: behind.delivered(3))
    assert behind.shown() == ["Vol constaté à Guer", "Vol à main armée constaté à Liffré"]
    acts = (("alert.publish", "A1"), ("alert.hasten", "A2"), ("alert.publish", "A3"))
    why = [[list(row["codes"]) for row in await behind.rows(WHY, *act)] for act in acts]
    passed = ["urgent", "quiet-hours-passed"]
    assert why == [[["texts-deferred"]], [passed], [passed]]

    assert await behind.ledger(1) == ("queued", QUIET, "")
    story.later(minutes=16)
    await behind.until(lambda: behind.delivered(1))
    assert behind.shown()[2:] == ["Vol constaté à Redon"]
