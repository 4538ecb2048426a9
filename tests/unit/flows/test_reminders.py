"""Before a charter ends: 30, 15 and 3 days ahead, once each, on each one's channel."""

import itertools
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.golden import PlainSeals
from support.land import merchant, shipped_world
from support.memory_store import MemoryStore
from support.store_builders import HandClock, counted_ids

from appservice.domain.charter import Former
from appservice.domain.delivery import Parcel
from appservice.domain.enrolment import LANGUAGES
from appservice.domain.member import Channel, Member
from appservice.domain.signing import LINK_LASTS
from appservice.domain.signing.renewal import rung
from appservice.domain.telephone.consent import Agreed, Asked, Consent, Stopped
from appservice.domain.telephone.shown import shown
from appservice.domain.wording.renewal import reminder
from appservice.flows.charter.links import SigningLinks
from appservice.flows.charter.reminders import Reminders
from appservice.flows.charter.signer import Form, Signer
from appservice.flows.signature import Signing

DAY = timedelta(days=1)
ACI = "0f7b1a2c-0000-4000-8000-000000000001"
NUMBER = "+33639980001"
URL = "https://console.exemple.fr"


class Place:
    """A store, its people and the reminders."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.store = MemoryStore(self.clock)
        self.world = shipped_world()
        self.new_id = counted_ids()
        self.signing = Signing(self.store, PlainSeals(), self.clock, self.world)

    def reminders(self, url: str | None = URL, **changes: Any) -> Reminders:
        links = SigningLinks(self.store, self.clock, self.new_id, self.world, texts=True)
        return replace(Reminders(self.store, self.clock, self.world, links, url), **changes)

    async def signed(self, name: str = "anne", **changes: Any) -> Member:
        member = replace(merchant(name), phone=NUMBER, **changes)
        async with self.store.transaction() as tx:
            await tx.members.save(member)
        charter = self.world.charter_for(member)
        assert charter is not None
        await self.signing.sign(member.id, charter.hash)
        self.store.tables.slips.clear()
        return member

    async def ends(self, member: Member) -> datetime:
        async with self.store.transaction() as tx:
            signature = await tx.signatures.latest(member.id)
        assert signature is not None
        return signature.valid_until

    async def answers(self, member: Member, stage: Any) -> None:
        async with self.store.transaction() as tx:
            known = await tx.telephone.consents.of(NUMBER)
            expected = "asked" if known is not None else None
            await tx.telephone.consents.advance(NUMBER, Consent(member.id, stage), expected)

    async def ring(self, _topic: str) -> None:
        """Rooms are of no concern here."""

    def told(self) -> list[Parcel]:
        """Since the last time."""
        found = self.store.parcels
        self.store.tables.slips.clear()
        return found


@pytest.fixture
def place() -> Place:
    return Place()


async def test_the_ladder_is_climbed_once_and_stops_at_the_end(place: Place):
    member = await place.signed()
    until, reminders = await place.ends(member), place.reminders()
    days = {}
    for ahead in range(35, -3, -1):
        place.clock.now = until - ahead * DAY
        for _ in range(2):  # twice a day is once
            await reminders.once()
        days[ahead] = len(place.told())
    assert {ahead for ahead, count in days.items() if count} == {30, 15, 3}
    assert set(days.values()) == {0, 1}
    verbs = [(act.verb, act.codes) for act in place.store.acts if act.verb == "charter.remind"]
    assert [codes for _, codes in verbs] == [("days:30",), ("days:15",), ("days:3",)]


async def test_a_service_that_was_down_does_not_catch_up(place: Place):
    member = await place.signed()
    place.clock.now = await place.ends(member) - 2 * DAY
    assert await place.reminders().once() == 1
    assert len(place.told()) == 1


async def test_the_reminder_s_link_renews_the_charter_and_nothing_more_is_said(place: Place):
    member = await place.signed()
    until = await place.ends(member)
    place.clock.now = until - 30 * DAY
    await place.reminders().once()
    [parcel] = place.told()
    assert parcel.expires_at == place.clock() + DAY
    found = re.search(rf"{URL}/signer/(\S+) ", parcel.body)
    assert found is not None
    signer = Signer(place.store, place.clock, place.new_id, place.signing, place.ring)
    await signer.send_code(found[1], "fr")
    code = re.search(r"\d{6}", place.told()[-1].body)
    offered = await signer.offered(found[1])
    assert code is not None
    boxes = frozenset({"read", "professional"})
    await signer.sign(found[1], Form(offered.charter.hash, boxes, member.name, code[0], "fr"))
    place.told()
    assert await place.ends(member) == place.clock() + timedelta(days=365)
    place.clock.now = until - 3 * DAY
    assert await place.reminders().once() == 0


async def test_each_reminder_s_link_replaces_the_former_one(place: Place):
    member = await place.signed()
    until = await place.ends(member)
    for ahead in (30, 15):
        place.clock.now = until - ahead * DAY
        await place.reminders().once()
    states = [link.state(place.clock()) for link in place.store.tables.signing_links.values()]
    assert states == ["revoked", "open"]


async def test_a_link_that_the_mairie_handed_over_is_left_alone(place: Place):
    member = await place.signed()
    place.clock.now = await place.ends(member) - 15 * DAY
    await place.reminders().links.make_as_operator(member.id)
    await place.reminders().once()
    [parcel] = place.told()
    assert "/signer/" not in parcel.body
    assert "demandez un lien" in parcel.body
    [link] = place.store.tables.signing_links.values()
    assert link.state(place.clock() + LINK_LASTS - DAY) == "open"


@pytest.mark.parametrize(
    ("changes", "channel", "target"),
    [
        ({}, Channel.MATRIX, "guichet:anne"),
        ({"channels": frozenset({Channel.SIGNAL}), "signal": ACI}, Channel.SIGNAL, ACI),
        ({"channels": frozenset({Channel.SMS})}, Channel.SMS, NUMBER),
    ],
)
async def test_on_the_channel_that_each_one_chose(place: Place, changes, channel, target):
    member = await place.signed(**changes)
    await place.answers(member, Agreed(place.clock()))
    place.clock.now = await place.ends(member) - 30 * DAY
    await place.reminders().once()
    [parcel] = place.told()
    assert parcel.channel is channel
    assert parcel.target == target


@pytest.mark.parametrize("stage", [Asked, Stopped])
async def test_nobody_is_texted_who_did_not_say_oui(place: Place, stage):
    member = await place.signed(channels=frozenset({Channel.SMS}))
    until = await place.ends(member)
    place.clock.now = until - 30 * DAY
    await place.answers(member, stage(place.clock()))
    assert await place.reminders().once() == 0
    if stage is Asked:
        await place.answers(member, Agreed(place.clock()))
        assert await place.reminders().once() == 1, "as soon as they may be"


async def test_nobody_is_told_at_night(place: Place):
    member = await place.signed()
    night = (await place.ends(member) - 30 * DAY).replace(hour=23)
    place.clock.now = night
    assert await place.reminders().once() == 0
    place.clock.now = night + timedelta(hours=9)
    assert await place.reminders().once() == 1


async def test_a_new_version_is_told_at_once_and_until_it_is_signed(place: Place):
    member = await place.signed()
    place.clock.advance(60 * DAY)
    former = place.world.charter_for(member)
    assert former is not None
    newer = replace(
        former,
        version="2027-1",
        text=former.text + "De plus.",
        former=Former(former.hash, place.clock() + 30 * DAY),
    )
    place.world = replace(place.world, charters={**place.world.charters, newer.id: newer})
    assert await place.reminders().once() == 1
    [parcel] = place.told()
    assert "la charte a changé" in parcel.body
    place.signing = replace(place.signing, world=place.world)
    await place.signing.sign(member.id, newer.hash)
    place.told()
    place.clock.advance(28 * DAY)
    assert await place.reminders().once() == 0


async def test_who_was_put_out_or_never_signed_is_told_nothing(place: Place):
    member = await place.signed()
    place.clock.now = await place.ends(member) - 30 * DAY
    async with place.store.transaction() as tx:
        await tx.signatures.revoke(member.id, place.clock())
        await tx.members.save(replace(merchant("zoe"), phone="+33639980002"))
    assert await place.reminders().once() == 0


async def test_without_a_console_the_mairie_is_named(place: Place):
    member = await place.signed()
    place.clock.now = await place.ends(member) - 30 * DAY
    await place.reminders(url=None).once()
    [parcel] = place.told()
    assert place.world.territories[member.territory].contact in parcel.body
    assert place.store.tables.signing_links == {}


async def test_what_broke_down_waits_and_is_logged_without_words(
    place: Place, caplog, monkeypatch
):
    class Stop(Exception):
        pass

    class Broken:
        def transaction(self) -> Any:
            raise ValueError("Anne habite ici")

    async def stop(_: float) -> None:
        raise Stop

    reminders = place.reminders(store=Broken())
    monkeypatch.setattr("appservice.flows.rounds.asyncio.sleep", stop)
    with pytest.raises(Stop):
        await reminders.watch()
    assert "reminders of charters wait: ValueError" in caplog.text
    assert "Anne" not in caplog.text


@pytest.mark.parametrize(
    ("lasts", "ahead", "expected"),
    [(365, 31, None), (365, 30, 30), (365, 16, 30), (365, 15, 15), (365, 1, 3), (365, 0, None),
     (20, 16, None), (20, 15, 15), (10, 9, None), (10, 3, 3), (2, 1, None)],
)  # fmt: skip
def test_which_rung_is_due(lasts: int, ahead: int, expected: int | None):
    signed_at = HandClock()()
    until = signed_at + lasts * DAY
    step = rung(signed_at, until, until - ahead * DAY)
    assert (step.days if step is not None else None) == expected


@pytest.mark.parametrize("language", [*LANGUAGES, "??"])
def test_a_reminder_is_short_in_every_language(language: str):
    link = f"https://console.villedemantes.example/signer/{'x' * 44}"
    for territory in shipped_world().territories.values():
        for given, is_new in itertools.product((link, ""), (True, False)):
            text = reminder(territory, HandClock()(), language, given, is_new=is_new)
            seen = shown(text, gsm7_only=True)
            assert (seen.gsm7, seen.segments <= 2) == (True, True), text
            assert "21/11/2026" in text
            assert given in text
