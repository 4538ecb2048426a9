"""Nobody is texted before they agreed; STOP is honoured at once, whoever holds the number."""

from dataclasses import replace

import pytest
from support.store_builders import an_alert
from support.story import (
    ALERTES,
    CHLOE,
    DAVID,
    EVERYWHERE,
    MOREL,
    POSTE,
    START,
    TERRITORY,
    Story,
    agent,
    agree,
    merchant,
    signature,
)

from appservice.domain.audience import Audience
from appservice.domain.charter import InForce
from appservice.domain.delivery import Parcel, State, Urgency
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.telephone.consent import Agreed, Asked, Consent, Stopped
from appservice.domain.text import gsm7_length
from appservice.domain.wording import telephone as words
from appservice.domain.wording.personal.help import Situation, help_for
from appservice.files.world import load_world, shipped_paths
from appservice.flows.signature import Signing
from appservice.flows.telephone import consent
from appservice.flows.telephone.words import record
from bridges.protocol import Message

FACT = "Vol constaté à Liffré"
EVERYBODY = Audience(EVERYWHERE)
FANNY = merchant("fanny", channels=frozenset({Channel.SMS}))


class Wax:
    """Seals nothing."""

    def sign(self, payload: bytes) -> str:
        return payload.hex()[:8]


async def enrolled(story: Story, member: Member = FANNY, *, signs: bool = True) -> None:
    async with story.store.transaction() as tx:
        await tx.members.save(member)
    if signs:
        signing = Signing(story.store, Wax(), story.clock, story.world)
        await signing.sign(member.id, (await signing.shown_to(member.id)).hash)
        await story.deliver()


async def stage(story: Story, member: Member = FANNY) -> object:
    async with story.store.transaction() as tx:
        known = await tx.telephone.consents.of(member.phone or "")
    return known.stage if known is not None else None


async def says(story: Story, text: str, member: Member = FANNY) -> None:
    await story.writes(member, text, channel=Channel.SMS)


async def publish(story: Story, text: str = FACT) -> None:
    await story.writes(MOREL, f"alerte tous : {text}", where=POSTE)
    await story.deliver()


def shown(story: Story, member: Member = FANNY) -> list[str]:
    return story.bridges[Channel.SMS].texts(member.phone or "")


async def watch(story: Story) -> None:
    await consent.watch_once(story.store, story.world, story.now)
    await story.deliver()


class TestOptIn:
    async def test_signing_asks_once_and_nothing_else_leaves_before_the_answer(
        self, story: Story
    ) -> None:
        await enrolled(story)
        await publish(story)
        await watch(story)
        (asked,) = shown(story)
        assert "répondez OUI" in asked
        assert await stage(story) == Asked(START)
        assert "Sans SMS, faute de OUI : 1 personne." in story.poste()[-1] + story.poste()[-2]

    @pytest.mark.parametrize("answer", ["OUI", "oui merci", "D'accord", "o.u.i"])
    async def test_oui_opens_the_number_to_alerts(self, story: Story, answer: str) -> None:
        await enrolled(story)
        await says(story, answer)
        await publish(story)
        _, noted, alert = shown(story)
        assert noted.startswith("C'est noté : vous recevrez")
        assert FACT in alert
        assert await stage(story) == Agreed(START)
        async with story.store.transaction() as tx:
            known = await tx.telephone.consents.of(FANNY.phone or "")
        assert known is not None
        assert known.words == answer
        assert story.verbs.count("sms.ask") == story.verbs.count("member.agree-sms") == 1

    async def test_whoever_has_not_signed_is_not_even_asked(self, story: Story) -> None:
        await enrolled(story, signs=False)
        await watch(story)
        assert shown(story) == []

    async def test_one_reminder_then_silence_and_the_officers_see_it(self, story: Story) -> None:
        await enrolled(story)
        for _ in range(30):
            story.later(days=1)
            await watch(story)
        assert len(shown(story)) == 2
        assert shown(story)[1].startswith("Rappel : répondez OUI")
        lines = [line for line in story.poste() if "sans réponse" in line]
        assert lines[0].startswith("1 téléphone sans réponse à la demande d'accord")
        assert 3 <= len(lines) <= 5  # once a week
        assert story.verbs.count("sms.remind") == 1
        await says(story, "oui")
        await publish(story)
        assert FACT in shown(story)[-1]

    @pytest.mark.parametrize("answer", ["non", "NON merci", "non merci, stop", "stop"])
    async def test_no_is_stop_and_nothing_follows(self, story: Story, answer: str) -> None:
        await enrolled(story)
        await says(story, answer)
        story.later(days=10)
        await watch(story)
        await publish(story)
        assert len(shown(story)) == 2
        assert shown(story)[1].startswith("C'est noté : vous ne recevrez plus de SMS.")

    async def test_a_new_number_is_asked_anew(self, story: Story) -> None:
        await enrolled(story)
        await says(story, "oui")
        story.later(minutes=1)
        moved = replace(FANNY, phone="+33639980077")
        async with story.store.transaction() as tx:
            await tx.members.save(moved)
        await publish(story, "Vol à Redon constaté")
        await watch(story)
        (asked,) = shown(story, moved)
        assert "répondez OUI" in asked

    async def test_a_number_that_changes_hands_is_asked_anew(self, story: Story) -> None:
        await enrolled(story)
        await says(story, "oui")
        heir = replace(merchant("gwen", channels=frozenset({Channel.SMS})), phone=FANNY.phone)
        async with story.store.transaction() as tx:
            await tx.members.save(replace(FANNY, phone=None, channels=frozenset()))
            await tx.members.save(heir)
            await tx.signatures.add(signature(heir))
        await publish(story)
        assert FACT not in "".join(shown(story))
        await watch(story)
        assert "répondez OUI" in shown(story)[-1]

    async def test_an_answer_during_a_conversation_is_no_consent_to_us(self, story: Story) -> None:
        await says(story, "oui", CHLOE)
        assert "C'est noté" not in "".join(story.told(CHLOE, Channel.SMS))

    async def test_who_chose_signal_alone_agrees_to_nothing(self, story: Story) -> None:
        signaller = replace(
            merchant("hana", channels=frozenset({Channel.SIGNAL})), phone="+33639980078"
        )
        await enrolled(story, signaller)
        await says(story, "oui", signaller)
        async with story.store.transaction() as tx:
            assert Channel.SMS not in (await tx.members.get(signaller.id)).channels  # type: ignore[union-attr] # saved above
        assert await stage(story, signaller) is None

    async def test_oui_without_a_charter_in_force_counts_and_says_what_is_missing(
        self, story: Story
    ) -> None:
        await enrolled(story)
        story.later(days=400)
        await says(story, "oui")
        assert "Contact : mairie de Liffré" in story.told(FANNY, Channel.SMS)[-1]
        async with story.store.transaction() as tx:
            for member in (FANNY, MOREL):
                await tx.signatures.add(signature(member, story.now))
        await publish(story)
        assert FACT in shown(story)[-1]

    async def test_an_alert_queued_before_a_change_of_mind_does_not_leave(
        self, story: Story
    ) -> None:
        """Whatever queued it: consent is looked at again as it leaves."""
        late = Parcel("late", Channel.SMS, FANNY.phone or "", FACT, member=FANNY.id)
        await enrolled(story)
        await publish(story)
        async with story.store.transaction() as tx:
            await tx.outbox.put([replace(late, alert=(await tx.alerts.recent(START))[0].id)])
        await story.deliver()
        assert story.store.queue.state_of("late") is State.FAILED
        assert story.store.tables.slips["late"].code == "no-consent"

    @pytest.mark.parametrize("say", [words.question, words.reminder, words.agreed])
    def test_each_question_is_one_sms_in_each_territory(self, say: object) -> None:
        for territory in load_world(shipped_paths()).territories.values():
            assert gsm7_length(say(territory)) <= 160  # type: ignore[operator] # one of the above


class TestStop:
    async def test_calls_off_what_waits_and_is_the_last_word(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte tous : {FACT}", where=POSTE)
        await says(story, "S.T.O.P. svp", CHLOE)
        await story.deliver()
        (last,) = shown(story, CHLOE)
        assert "plus de SMS" in last
        states = {s.state for s in story.store.tables.slips.values() if s.code == "stopped"}
        assert states == {State.FAILED}
        act = next(a for a in story.store.acts if a.verb == "member.stop-sms")
        assert act.codes == ("queued-texts-called-off",)
        assert await stage(story, CHLOE) == Stopped(START)

    async def test_is_confirmed_once(self, story: Story) -> None:
        for _ in range(3):
            await says(story, "ARRÊT", CHLOE)
        await story.deliver()
        assert len(shown(story, CHLOE)) == 1

    async def test_is_heard_without_a_charter_in_force(self, story: Story) -> None:
        story.later(days=400)
        await says(story, "stop", CHLOE)
        assert Channel.SMS not in story.store.tables.members[CHLOE.id].channels

    async def test_oui_takes_it_back(self, story: Story) -> None:
        await says(story, "stop", CHLOE)
        await says(story, "START", CHLOE)
        await publish(story)
        assert FACT in shown(story, CHLOE)[-1]

    async def test_of_a_stranger_holds_if_the_mairie_enrols_them_later(self, story: Story) -> None:
        await story.inbound.handle(Channel.SMS, Message("k", FANNY.phone or "", "STOP", story.now))
        await enrolled(story)
        await watch(story)
        await publish(story)
        assert shown(story) == []
        await says(story, "oui")
        await publish(story, "Vol à Redon constaté")
        assert len(shown(story)) == 2

    async def test_holds_in_every_territory(self, story: Story) -> None:
        """The same number is another mairie's tomorrow: it is neither asked nor texted there."""
        await enrolled(story)
        await says(story, "oui")
        await says(story, "STOP")
        await story.deliver()
        before = len(shown(story))
        other = replace(TERRITORY, id="finistere")
        world = replace(story.world, territories={TERRITORY.id: TERRITORY, other.id: other})
        story.world = story.inbound.world = world
        officer = replace(agent("roue"), territory=other.id)
        again = replace(FANNY, id=MemberId("fanny-2"), territory=other.id)
        near = replace(merchant("gael", channels=FANNY.channels), territory=other.id)
        async with story.store.transaction() as tx:
            await tx.members.save(replace(FANNY, phone=None))
            for member in (officer, near):
                await tx.members.save(member)
                await tx.signatures.add(signature(member))
            await agree(tx, near)
        await enrolled(story, again)
        await watch(story)
        await story.writes(officer, f"alerte tous : {FACT}", channel=Channel.SIGNAL)
        await story.deliver()
        assert any(FACT in text for text in shown(story, near))
        assert len(shown(story)) == before

    async def test_leaves_the_other_channels_alone(self, story: Story) -> None:
        await says(story, "stop", DAVID)
        await publish(story)
        (last,) = shown(story, DAVID)
        assert last.startswith("C'est noté : vous ne recevrez plus de SMS.")
        reached = {p.target for p in story.parcels(Channel.MATRIX, alert=1)}
        assert ALERTES in reached or f"guichet:{DAVID.id}" in reached

    async def test_never_keeps_the_emergency_numbers_from_who_writes(self, story: Story) -> None:
        await says(story, "stop", CHLOE)
        await says(story, "il est armé", CHLOE)
        await story.deliver()
        assert shown(story, CHLOE)[-1].startswith("Danger en cours : appelez")

    async def test_a_text_that_raced_it_does_not_leave(self, story: Story) -> None:
        await says(story, "stop", CHLOE)
        number = CHLOE.phone or ""
        async with story.store.transaction() as tx:
            await tx.outbox.put(
                [
                    Parcel("raced", Channel.SMS, number, "S1 clos", member=CHLOE.id),
                    Parcel(
                        "17", Channel.SMS, number, "17", member=CHLOE.id, urgency=Urgency.URGENT
                    ),
                ]
            )
        await story.deliver()
        assert story.store.tables.slips["raced"].code == "stopped"
        assert story.store.queue.state_of("17") is State.ACCEPTED


class TestOnPaper:
    """An alphanumeric sender takes no answers: the mairie writes down what it was told."""

    async def record(self, story: Story, *, yes: bool, member: Member = FANNY) -> bool:
        async with story.store.transaction() as tx:
            person = await tx.members.get(member.id)
            assert person is not None
            return await record(tx, person, "operator", story.now, yes=yes)

    async def test_a_yes_opens_the_number_and_says_who_wrote_it_down(self, story: Story) -> None:
        await enrolled(story)
        assert await self.record(story, yes=True)
        assert not await self.record(story, yes=True)
        await publish(story)
        assert FACT in shown(story)[-1]
        act = next(act for act in story.store.acts if act.verb == "member.agree-sms")
        assert (act.actor, act.codes) == ("operator", ("recorded-by-hand",))

    async def test_a_stop_calls_off_what_waits(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte tous : {FACT}", where=POSTE)
        assert await self.record(story, yes=False, member=CHLOE)
        assert not await self.record(story, yes=False, member=CHLOE)
        await story.deliver()
        assert shown(story, CHLOE) == []
        assert await self.record(story, yes=True, member=CHLOE), "told again, on paper too"

    async def test_nobody_overrules_a_stop_that_the_number_sent(self, story: Story) -> None:
        await says(story, "stop", CHLOE)
        with pytest.raises(PermanentFailure, match="lui seul"):
            await self.record(story, yes=True, member=CHLOE)

    async def test_without_a_number_there_is_nothing_to_say(self, story: Story) -> None:
        await enrolled(story, replace(FANNY, phone=None))
        with pytest.raises(PermanentFailure, match="pas de numéro"):
            await self.record(story, yes=True)


async def test_nobody_is_texted_out_of_the_blue(story: Story) -> None:
    """The mairie hears of its alert; by SMS only if it agreed to SMS."""
    mairie = replace(
        agent("lena", Role.MAIRIE), channels=frozenset({Channel.SMS}), phone="+33639980079"
    )
    await enrolled(story, mairie)
    async with story.store.transaction() as tx:
        alert = replace(an_alert(author=mairie.id), territory=mairie.territory, audience=EVERYBODY)
        await tx.alerts.open(alert)
    await story.writes(MOREL, "refuse A1 faux", where=POSTE)
    await story.deliver()
    assert len(shown(story, mairie)) == 1
    await says(story, "oui", mairie)
    async with story.store.transaction() as tx:
        await tx.alerts.open(alert)
    await story.writes(MOREL, "refuse A2 faux", where=POSTE)
    await story.deliver()
    assert "A2 refusée" in shown(story, mairie)[-1]


async def test_whoever_asks_reads_what_their_number_answered(story: Story) -> None:
    await enrolled(story)
    await says(story, "moi")
    assert "Canaux : SMS (attend OUI depuis le 21/11/2026)" in story.told(FANNY, Channel.SMS)[-1]
    await says(story, "oui")
    await says(story, "moi")
    assert "Canaux : SMS (OUI le 21/11/2026)" in story.told(FANNY, Channel.SMS)[-1]
    await says(story, "stop", DAVID)
    await story.writes(DAVID, "moi")
    assert "Canaux : Element, Signal, SMS (STOP le 21/11/2026)" in story.told(DAVID)[-1]


def test_help_is_one_sms_in_each_territory() -> None:
    for territory in load_world(shipped_paths()).territories.values():
        consent = Consent(FANNY.id, Agreed(START), "OUI")
        signed = InForce(START, "2026-1")
        text = help_for(Situation(FANNY, territory, signed, Channel.SMS, consent))
        assert gsm7_length(text) <= 160
        assert territory.contact in text
