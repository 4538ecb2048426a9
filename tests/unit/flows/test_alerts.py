"""An alert: submitted, judged, held or published, corrected, cancelled."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples
from support.small_policy import small_policy
from support.story import (
    ALERTES,
    ALERTES_BIJOUTIERS,
    ALERTES_GROUP,
    ANNE,
    BRUNO,
    CHLOE,
    DAVID,
    ELISE,
    MAIRIE,
    MOREL,
    NADIA,
    PAULE,
    POSTE,
    POSTE_GROUP,
    Story,
    agree,
    guichet,
    signature,
)

from appservice.domain.alert import Cancelled, Held, Published, Turned
from appservice.domain.delivery import Kind, Parcel, Urgency
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel, Member
from appservice.domain.moderation import Decision, Submission, judge
from appservice.domain.text import gsm7_length

FACT = "Vol à main armée constaté à Liffré".replace("armée", "feinte")
CARD = f"card:A1:matrix:{POSTE}"


def stage(story: Story, number: int = 1) -> object:
    return story.store.tables.alerts[AlertId(number)].stage


def posts(story: Story) -> list[Parcel]:
    return story.parcels(kind=Kind.POST, alert=1)


def reached(story: Story) -> set[tuple[str, str]]:
    return {(p.channel.value, p.target) for p in posts(story)}


async def test_S0_05_a_fact_from_a_gendarme_reaches_the_whole_departement(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
    assert stage(story) == Published(at=story.now, approved_by=None)
    assert reached(story) == {
        ("matrix", ALERTES),
        ("signal", ALERTES_GROUP),
        ("sms", BRUNO.phone),
        ("sms", DAVID.phone),
    }
    assert all(p.urgency is Urgency.NORMAL for p in posts(story))  # nobody said more
    assert "A1 publiée : 1 conversation Element, 1 groupe Signal, 2 SMS." in story.poste()
    assert story.verbs == ["alert.submit", "alert.publish"]


async def test_a_telephone_gets_the_text_that_was_judged_and_nothing_else(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
    for parcel in story.parcels(Channel.SMS, alert=1):
        assert parcel.body == FACT
        assert parcel.expires_at == story.now + story.world.settings.sms_expires_after
    (element,) = story.parcels(Channel.MATRIX, ALERTES)
    assert FACT in element.body
    assert "A1 — gendarmerie" in element.body
    assert "Ne remplace pas le 17 ni le 112" in element.body
    assert element.expires_at is None


async def test_a_zone_narrower_than_the_room_reaches_people_one_by_one(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes Redon : {FACT}", where=POSTE)
    assert reached(story) == {("signal", BRUNO.signal), ("sms", BRUNO.phone)}


async def test_S0_10_two_trades_still_give_one_copy_a_channel(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes, bijoutiers Liffré : {FACT}", where=POSTE)
    assert reached(story) == {
        ("matrix", ALERTES),  # all who sit there are concerned
        ("signal", DAVID.signal),  # Bruno of Redon sits in the group too: not for him
        ("sms", DAVID.phone),
        ("sms", CHLOE.phone),
    }


async def test_S0_02_who_has_not_signed_receives_nothing(story: Story) -> None:
    await story.writes(MOREL, f"alerte tous : {FACT}", where=POSTE)
    targets = {p.target for p in posts(story)}
    assert targets.isdisjoint({ELISE.phone, ELISE.signal, f"guichet:{ELISE.id}"})


async def test_nobody_concerned_is_said_and_nothing_is_opened(story: Story) -> None:
    async with story.store.transaction() as tx:
        for member in (ANNE, BRUNO, CHLOE, DAVID):
            await tx.signatures.revoke(member.id, story.now)
    await story.writes(MOREL, f"alerte tous : {FACT}", where=POSTE)
    assert story.store.tables.alerts == {}
    assert "rien n'a été diffusé" in story.told(MOREL)[0]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Véhicule louche en repérage", "suspicion-only"),
        ("Vol par Dupont", "identifies-person"),
        ("Vol, immatriculation AB-123-CD", "licence-plate"),
        ("Vol " + "a" * 157, "over-length-gsm7"),
    ],
)
async def test_S4_04_a_refusal_names_rule_article_and_sentence(
    story: Story, text: str, rule: str
) -> None:
    await story.writes(MOREL, f"alerte tous : {text}", where=POSTE)
    (answer,) = story.told(MOREL)
    sentence = story.world.policy.rules[rule].sentences["fr"]
    assert f"{sentence} (règle {rule} ; article de {rule})" in answer
    assert story.store.tables.alerts == {}
    assert story.poste() == []
    assert text not in repr(story.store.acts)
    assert story.store.acts[0].codes == (rule,)


async def test_S4_06_one_hundred_and_sixty_septets_pass(story: Story) -> None:
    text = "Vol " + "a" * 156
    assert gsm7_length(text) == 160
    await story.writes(MOREL, f"alerte tous : {text}", where=POSTE)
    assert isinstance(stage(story), Published)


async def test_a_merchant_submits_nothing(story: Story) -> None:
    await story.writes(ANNE, f"alerte tous : {FACT}")
    assert story.store.tables.alerts == {}
    assert "S1" in story.told(ANNE)[0]  # what looks like a command is a report


async def test_an_emergency_goes_to_the_telephone_and_is_never_broadcast(story: Story) -> None:
    await story.writes(MOREL, "alerte tous : vol, il est armé", where=POSTE)
    assert story.told(MOREL)[0].startswith("Danger en cours : appelez tout de suite le 17")
    assert posts(story) == []
    assert "URGENCE" in story.poste()[0]


class TestSecondPerson:
    async def test_an_unverified_fact_waits_with_a_card(self, story: Story) -> None:
        await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
        assert stage(story) == Held(("unverified-source",))
        assert posts(story) == []
        card = story.poste()[0]
        for part in ("A1 attend", "Paule (police municipale)", "Vol ce matin", "12/160", "✅"):
            assert part in card
        assert story.parcels(Channel.SIGNAL, POSTE_GROUP)[0].body == card
        assert story.told(PAULE) == []  # the card is in the room where she wrote

    @pytest.mark.parametrize("by", ["valide A1", "!VALIDER a1", "reaction"])
    async def test_a_second_person_lets_it_through(self, story: Story, by: str) -> None:
        await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
        await story.deliver()
        if by == "reaction":
            await story.reacts(NADIA, CARD, "✅")
        else:
            await story.writes(NADIA, by, where=POSTE)
        assert stage(story) == Published(at=story.now, approved_by=NADIA.id)
        assert ("matrix", ALERTES) in reached(story)
        assert "A1 validée par Nadia (gendarmerie)." in story.poste()
        assert story.verbs == ["alert.hold", "alert.approve", "alert.publish"]

    @pytest.mark.parametrize("by", ["valide A1", "reaction"])
    async def test_the_author_may_not_approve(self, story: Story, by: str) -> None:
        await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
        await story.deliver()
        if by == "reaction":
            await story.reacts(PAULE, CARD, "👍🏽")
        else:
            await story.writes(PAULE, by, where=POSTE)
        assert isinstance(stage(story), Held)
        assert "L'auteur" in story.told(PAULE)[-1]

    async def test_the_mairie_may_not_approve(self, story: Story) -> None:
        await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
        await story.writes(MAIRIE, "valide A1")
        assert isinstance(stage(story), Held)
        assert "rôle" in story.told(MAIRIE)[-1]

    async def test_a_refusal_reaches_an_author_who_is_not_in_the_poste(self, story: Story) -> None:
        await story.writes(MAIRIE, "alerte buralistes : Vol ce matin")
        assert "A1 attend la validation" in story.told(MAIRIE)[0]
        await story.writes(NADIA, "refuse A1 pas de plainte", where=POSTE)
        assert isinstance(stage(story), Turned)
        assert "pas de plainte" in story.told(MAIRIE)[-1]
        await story.writes(MOREL, "valide A1", where=POSTE)
        assert isinstance(stage(story), Turned)

    async def test_of_two_hands_one_wins(self, story: Story) -> None:
        await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
        await asyncio.gather(
            story.writes(NADIA, "valide A1", where=POSTE),
            story.writes(MOREL, "refuse A1 doublon", where=POSTE),
        )
        assert isinstance(stage(story), Published)
        assert "n'attend plus" in story.told(MOREL)[-1]

    async def test_the_signal_group_of_the_poste_may_approve_too(self, story: Story) -> None:
        await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
        await story.deliver()
        await story.reacts(
            MOREL, f"card:A1:signal:{POSTE_GROUP}", "✅", POSTE_GROUP, Channel.SIGNAL
        )
        assert isinstance(stage(story), Published)

    async def test_a_territory_knows_nothing_of_the_others(self, story: Story) -> None:
        await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
        alerts = story.store.tables.alerts
        alerts[AlertId(1)] = replace(alerts[AlertId(1)], territory="mantes")
        await story.writes(NADIA, "valide A1", where=POSTE)
        assert isinstance(stage(story), Held)
        assert story.told(NADIA) == ["A1 n'existe pas."]


class TestCorrection:
    async def test_S4_11_replaces_the_former_on_every_channel(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.deliver()
        await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
        await story.deliver()
        matrix, signal, sms = (story.bridges[c] for c in Channel)
        (line,) = matrix.conversation(ALERTES)
        assert "corrigée" in line.text
        assert "Redon" in line.text
        (line,) = signal.conversation(ALERTES_GROUP)
        assert "Redon" in line.text
        assert sms.texts(BRUNO.phone or "") == [
            FACT,
            "ANNULE ET REMPLACE : Vol constaté à Redon",
        ]
        assert "41 caractères, 1 SMS" in next(t for t in story.poste() if "corrigée par" in t)
        assert stage(story) == Published(at=story.now, approved_by=None, revision=2)

    async def test_what_never_arrived_is_posted_in_full(self, story: Story) -> None:
        story.bridges[Channel.SIGNAL].groups.pop(ALERTES_GROUP)
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.deliver()
        story.bridges[Channel.SIGNAL] = type(story.bridges[Channel.SIGNAL])("signal")
        await story.bridges[Channel.SIGNAL].create_group("x", "", announcement=True)
        groups = story.bridges[Channel.SIGNAL].groups
        groups[ALERTES_GROUP] = groups[POSTE_GROUP] = next(iter(groups.values()))
        await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
        await story.deliver()
        (line,) = story.bridges[Channel.SIGNAL].conversation(ALERTES_GROUP)
        assert "Redon" in line.text
        assert not line.edited

    async def test_a_text_that_still_waits_never_leaves(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
        await story.deliver()
        assert story.bridges[Channel.SMS].texts(BRUNO.phone or "") == [
            "Vol constaté à Redon"  # that telephone has nothing to replace
        ]
        (line,) = story.bridges[Channel.MATRIX].conversation(ALERTES)
        assert "Redon" in line.text

    async def test_is_judged_like_the_first_text(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.writes(MOREL, "corrige A1 : Vol par Dupont", where=POSTE)
        assert stage(story) == Published(at=story.now, approved_by=None)
        assert "identifies-person" in story.told(MOREL)[-1]
        await story.writes(PAULE, "corrige A1 : Vol ce soir", where=POSTE)
        assert "deuxième personne" in story.told(PAULE)[-1]
        assert stage(story) == Published(at=story.now, approved_by=None)
        await story.writes(MOREL, "corrige A1 : il est armé", where=POSTE)
        assert stage(story) == Published(at=story.now, approved_by=None)
        assert story.parcels(kind=Kind.EDIT) == []

    async def test_whoever_lost_their_charter_is_told_nothing_more(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.deliver()
        async with story.store.transaction() as tx:
            await tx.signatures.revoke(BRUNO.id, story.now)
        await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
        await story.writes(MOREL, "annule A1", where=POSTE)
        assert len(story.parcels(Channel.SMS, BRUNO.phone)) == 1
        assert len(story.parcels(Channel.SMS, DAVID.phone)) == 3
        await story.deliver()
        assert story.bridges[Channel.SMS].texts(BRUNO.phone or "") == [FACT]

    async def test_whoever_came_since_gets_the_new_text(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.deliver()
        async with story.store.transaction() as tx:
            await tx.signatures.add(signature(ELISE))
            await agree(tx, ELISE)
        await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
        await story.deliver()
        assert story.bridges[Channel.SMS].texts(ELISE.phone or "") == ["Vol constaté à Redon"]
        assert story.bridges[Channel.MATRIX].texts(guichet(ELISE.id)) == []  # sits in the room

    async def test_of_two_corrections_at_once_each_is_whole(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await asyncio.gather(
            story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE),
            story.writes(NADIA, "corrige A1 : Vol constaté à Guer", where=POSTE),
        )
        await story.deliver()
        final = story.store.tables.alerts[AlertId(1)]
        assert isinstance(final.stage, Published)
        assert final.stage.revision == 3
        (line,) = story.bridges[Channel.MATRIX].conversation(ALERTES)
        assert final.text in line.text


class TestCancellation:
    async def test_removes_where_it_can_and_says_so_elsewhere(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.deliver()
        await story.writes(NADIA, "annule A1 erreur de commune", where=POSTE)
        await story.deliver()
        assert isinstance(stage(story), Cancelled)
        assert story.bridges[Channel.MATRIX].texts(ALERTES) == []
        assert story.bridges[Channel.SIGNAL].texts(ALERTES_GROUP) == []
        last = story.bridges[Channel.SMS].texts(BRUNO.phone or "")[-1]
        assert last.startswith("ANNULATION : l'alerte de 14h00 est retirée")
        assert gsm7_length(last) <= 160
        assert any("erreur de commune" in line for line in story.poste())

    async def test_after_a_correction_removes_the_corrected_text(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.deliver()
        await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
        await story.deliver()
        await story.writes(MOREL, "annule A1", where=POSTE)
        await story.deliver()
        assert story.bridges[Channel.MATRIX].texts(ALERTES) == []

    async def test_before_it_left_nothing_leaves(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.writes(MOREL, "annule A1", where=POSTE)
        await story.deliver()
        assert story.bridges[Channel.MATRIX].conversation(ALERTES) == []
        assert FACT not in story.bridges[Channel.SMS].texts(BRUNO.phone or "")

    async def test_twice_is_refused(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.writes(MOREL, "annule A1", where=POSTE)
        await story.writes(NADIA, "annule A1", where=POSTE)
        assert "n'est pas en diffusion" in story.told(NADIA)[-1]

    async def test_a_merchant_cancels_nothing(self, story: Story) -> None:
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
        await story.writes(ANNE, "annule A1")
        assert isinstance(stage(story), Published)


async def test_the_state_of_an_alert_in_words(story: Story) -> None:
    await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
    await story.writes(NADIA, "état A1", where=POSTE)
    assert "attend la validation" in story.told(NADIA)[-1]
    await story.writes(NADIA, "valide A1", where=POSTE)
    await story.deliver()
    await story.writes(NADIA, "état A1", where=POSTE)
    assert "publiée le 21/11 à 14h00" in story.told(NADIA)[-1]
    await story.writes(NADIA, "état A9", where=POSTE)
    assert story.told(NADIA)[-1] == "A9 n'existe pas."


async def test_bijoutiers_without_signal_group_are_reached_one_by_one(story: Story) -> None:
    await story.writes(MOREL, f"alerte bijoutiers Liffré : {FACT}", where=POSTE)
    assert ("matrix", ALERTES_BIJOUTIERS) not in reached(story)  # nobody sits there
    assert ("signal", DAVID.signal) in reached(story)


OFFICERS = (MOREL, NADIA, PAULE, MAIRIE, ANNE)
TEXTS = ("Vol ce matin", "Vol constaté", "un type louche", "Vol par Dupont", "il est armé")
COMMANDS = st.tuples(
    st.sampled_from(OFFICERS),
    st.one_of(
        st.sampled_from(TEXTS).map(lambda text: f"alerte tous : {text}"),
        st.sampled_from(
            ["valide A1", "refuse A1 non", "annule A1", "valide A2", "corrige A1 : Vol louche"]
        ),
        st.sampled_from(TEXTS).map(lambda text: f"corrige A1 : {text}"),
    ),
)


@examples(25)
@given(st.lists(COMMANDS, max_size=6))
def test_no_text_goes_out_without_a_judge_or_a_second_person(
    commands: list[tuple[Member, str]],
) -> None:
    """S4-05, whatever is typed in whatever order; and each conversation hears it once."""
    asyncio.run(_play(commands))


async def _play(commands: list[tuple[Member, str]]) -> None:
    story = await Story().begin()
    for who, text in commands:
        room = None if who in (MAIRIE, ANNE) else POSTE
        await story.writes(who, text, where=room)
    await story.deliver()
    sent = [p for p in story.parcels() if p.alert is not None and ":x:" not in p.key]
    for parcel in sent:
        (text,) = (t for t in TEXTS if t in parcel.body)
        assert _judged_fit(text, commands) or _approved(story, parcel), (parcel.key, text)
    assert len({p.key for p in sent}) == len(sent)
    first = [p for p in sent if ":r1:" in p.key]
    assert len({(p.alert, p.channel, p.target) for p in first}) == len(first)


def _judged_fit(text: str, commands: list[tuple[Member, str]]) -> bool:
    """Somebody typed it whose role lets it through at once."""
    policy = small_policy()
    return any(
        typed.endswith(text)
        and who.role.may_submit_alert
        and judge(Submission(text, who.role.value), policy).decision is Decision.PUBLISH
        for who, typed in commands
    )


def _approved(story: Story, parcel: Parcel) -> bool:
    """Somebody else than its author said yes to that alert, whose first text it is."""
    alert = story.store.tables.alerts[AlertId(parcel.alert or 0)]
    return ":r1:" in parcel.key and any(
        act.verb == "alert.approve"
        and act.subject == alert.reference
        and act.actor != alert.author
        for act in story.store.acts
    )
