"""The examples of the operator's instructions, through the flows, under the rules that ship."""

import re
from dataclasses import replace

import pytest
from support.story import (
    ALERTES,
    ALERTES_GROUP,
    ANNE,
    BRUNO,
    CHLOE,
    ECHANGES,
    ECHANGES_GROUP,
    ELISE,
    MOREL,
    NADIA,
    PAULE,
    POSTE,
    POSTE_GROUP,
    Story,
    agent,
    signature,
)

from appservice.domain.alert import Held, Published, Turned
from appservice.domain.delivery import Kind as ParcelKind
from appservice.domain.delivery import Urgency
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.text import gsm7_length
from appservice.files.world import load_world, shipped_paths

MARKED = re.compile(r"<span [^>]*><strong>(.*?)</strong></span>")
MEYTHET = (
    "MEYTHET, nombreux cambriolages dans les maisons, en fin de journée : prenez vos précautions "
    "et soyez vigilants, faites passer l'info !"
)
SUSPECTS = "Attention : véhicule ou personnes suspectes en repérage dans les zones artisanales"
CHEF = agent("kerboul", Role.CHEF_DE_QUART)


@pytest.fixture(scope="module")
def shipped_world():
    return load_world(shipped_paths())


@pytest.fixture
async def memory(shipped_world) -> Story:
    story = Story()
    world = replace(
        story.world, policy=shipped_world.policy, circulation=shipped_world.circulation
    )
    story = await Story(world=world).begin()
    async with story.store.transaction() as tx:
        await tx.members.save(CHEF)
        await tx.signatures.add(signature(CHEF))
    return story


async def test_S4_07_the_meythet_example_passes_unchanged_on_each_channel(memory: Story) -> None:
    assert gsm7_length(MEYTHET) == 134
    await memory.writes(CHEF, f"alerte buralistes : {MEYTHET}", where=POSTE)
    await memory.deliver()
    assert MEYTHET in memory.bridges[Channel.MATRIX].texts(ALERTES)[0]
    assert MEYTHET in memory.bridges[Channel.SIGNAL].texts(ALERTES_GROUP)[0]
    assert memory.bridges[Channel.SMS].texts(BRUNO.phone or "") == [MEYTHET]


async def test_S4_04_suspects_are_refused_and_the_rule_is_named(memory: Story) -> None:
    await memory.writes(CHEF, f"alerte tous : {SUSPECTS}", where=POSTE)
    assert "suspicion-only" in memory.told(CHEF)[0]
    assert memory.store.tables.alerts == {}


async def test_S4_06_one_septet_too_many_is_refused(memory: Story) -> None:
    fits = "Vol par ruse constaté à Redon " + "é" * 130
    assert gsm7_length(fits) == 160
    await memory.writes(CHEF, f"alerte tous : {fits}é", where=POSTE)
    assert "over-length-gsm7" in memory.told(CHEF)[0]
    await memory.writes(CHEF, f"alerte tous : {fits}", where=POSTE)
    assert isinstance(memory.store.tables.alerts[AlertId(1)].stage, Published)


async def test_a_slip_is_told_with_a_text_that_would_do(memory: Story) -> None:
    slip = "Vol par ruse constaté à Redon, rappelez le 06 39 98 00 00."
    await memory.writes(CHEF, f"alerte tous : {slip}", where=POSTE)
    (answer,) = memory.told(CHEF)
    assert "contact-details" in answer
    better = answer.partition("Proposition : ")[2]
    assert better
    assert "06 39" not in better
    await memory.writes(CHEF, f"alerte tous : {better}", where=POSTE)
    assert isinstance(memory.store.tables.alerts[AlertId(1)].stage, Published)


@pytest.mark.parametrize("channel", list(Channel))
async def test_the_author_is_told_sentence_article_and_rewrite_where_they_wrote(
    memory: Story, channel: Channel
) -> None:
    slip = "alerte tous : Vol par ruse constaté à Redon, fourgon AB-123-CD en fuite."
    author = replace(PAULE, channels=frozenset(Channel))
    async with memory.store.transaction() as tx:
        await tx.members.save(author)
    await memory.writes(author, slip, channel=channel)
    (answer,) = memory.told(author, channel)
    rule = memory.world.policy.rules["licence-plate"]
    assert rule.sentences["fr"] in answer
    assert rule.legal_basis in answer
    assert "Proposition : Vol par ruse constaté à Redon, fourgon en fuite" in answer
    assert memory.store.tables.alerts == {}


HELD = "Vol constaté à Redon, un homme barbu en jogging gris & <casquette>, fuite à pied"


@pytest.mark.parametrize(
    ("emoji", "channel", "stage"),
    [
        ("✅", Channel.MATRIX, Published),
        ("👍🏽", Channel.SIGNAL, Published),
        ("❌", Channel.MATRIX, Turned),
        ("👎", Channel.SIGNAL, Turned),
    ],
)
async def test_a_hold_shows_what_was_recognised_and_is_answered_by_one_tap(
    memory: Story, emoji: str, channel: Channel, stage: type
) -> None:
    await memory.writes(MOREL, f"alerte tous : {HELD}", where=POSTE)
    [card] = [p for p in memory.parcels(Channel.MATRIX, POSTE) if p.key.startswith("card:")]
    assert "Relevé : « barbu », « en jogging gris », « casquette »" in card.body
    assert MARKED.findall(card.html) == ["barbu", "en jogging gris", "casquette"]
    assert "gris</strong></span> &amp; &lt;<span" in card.html
    [twin] = [p for p in memory.parcels(Channel.SIGNAL, POSTE_GROUP) if p.key.startswith("card:")]
    assert "Relevé : « barbu », « en jogging gris », « casquette »" in twin.body
    await memory.deliver()
    key, where = (card.key, POSTE) if channel is Channel.MATRIX else (twin.key, POSTE_GROUP)
    await memory.reacts(MOREL, key, emoji, where=where, channel=channel)
    if stage is Published:
        assert isinstance(memory.store.tables.alerts[AlertId(1)].stage, Held), "not by its author"
        await memory.reacts(NADIA, key, emoji, where=where, channel=channel)
    assert isinstance(memory.store.tables.alerts[AlertId(1)].stage, stage)


async def test_nobody_is_prompted_to_attest_what_they_did_not(memory: Story) -> None:
    paule = agent("paule", Role.MUNICIPAL_POLICE)
    await memory.writes(paule, "alerte tous : Vol signalé à Redon, 06 39 98 00 00", where=POSTE)
    (answer,) = memory.told(paule)
    assert "contact-details" in answer
    assert "Proposition" not in answer


async def test_S4_05_a_fact_that_nobody_established_waits(memory: Story) -> None:
    mairie = agent("renee", Role.MAIRIE)
    await memory.writes(mairie, "alerte tous : Deux vols à la roulotte ce matin")
    assert isinstance(memory.store.tables.alerts[AlertId(1)].stage, Held)


@pytest.mark.parametrize(
    "text",
    [
        "C'est kevin morvan qui a pris la caisse",
        "Plaque AB-123-CD",
        "Attention homme barbu 1m80 jogging gris",
        "rappelez le 06 39 98 00 00",
    ],
)
@pytest.mark.parametrize("channel", [Channel.MATRIX, Channel.SIGNAL])
async def test_S4_12_the_same_words_are_stopped_on_each_channel(
    memory: Story, text: str, channel: Channel
) -> None:
    who, where = (ANNE, ECHANGES) if channel is Channel.MATRIX else (BRUNO, ECHANGES_GROUP)
    await memory.writes(who, text, where=where, channel=channel)
    assert not any(p.key.startswith("cross:") for p in memory.parcels())
    assert "règle" in memory.told(who, channel)[0]


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour, la livraison de tabac est en retard chez vous aussi ?",
        "J'ai eu un faux billet de 50 ce matin",
        "Merci, bon courage",
    ],
)
async def test_members_may_simply_talk(memory: Story, text: str) -> None:
    await memory.writes(ANNE, text, where=ECHANGES)
    await memory.deliver()
    assert memory.bridges[Channel.SIGNAL].texts(ECHANGES_GROUP) == [
        f"Tabac Anne (Element) : {text}"
    ]


DANGERS = (
    "au secours il a une arme",
    "sa tire o tabac",
    "y a le feu dans la reserve",
    "on vient de me braquer au couteau",
    "he has a gun",
)
DOORS = (
    (ANNE, Channel.MATRIX, None),
    (ANNE, Channel.MATRIX, ECHANGES),
    (ANNE, Channel.MATRIX, ALERTES),
    (BRUNO, Channel.SIGNAL, None),
    (BRUNO, Channel.SIGNAL, ECHANGES_GROUP),
    (BRUNO, Channel.SIGNAL, ALERTES_GROUP),
    (CHLOE, Channel.SMS, None),
    (ELISE, Channel.MATRIX, None),  # no charter in force
    (ELISE, Channel.SMS, None),
)


@pytest.mark.parametrize(("who", "channel", "where"), DOORS)
async def test_S1_06_danger_gives_17_112_and_114_first_at_every_door(
    memory: Story, who: Member, channel: Channel, where: str | None
) -> None:
    for text in DANGERS:
        before = len(memory.parcels())
        await memory.writes(who, text, where=where, channel=channel)
        told = [p for p in memory.parcels()[before:] if p.kind is not ParcelKind.DELETE]
        assert told[0].body in memory.told(who, channel), (text, told[0].body)
        assert all(number in told[0].body for number in ("17", "112", "114")), text
        assert told[0].urgency is Urgency.URGENT
        assert not any(p.key.startswith("cross:") for p in memory.parcels())


async def test_S0_12_a_danger_by_sms_is_answered_at_once(memory: Story) -> None:
    await memory.writes(
        CHLOE, "Il est dans le magasin avec un couteau, venez vite", channel=Channel.SMS
    )
    assert memory.told(CHLOE, Channel.SMS)[0].startswith("Danger en cours : appelez")
    assert "URGENCE" in memory.poste()[0]
