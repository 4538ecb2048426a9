"""Talk among members: what circulates crosses, attributed; what may not is removed, explained."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples
from support.small_policy import small_policy
from support.story import (
    ANNE,
    BRUNO,
    CIRCULATION,
    ECHANGES,
    ECHANGES_GROUP,
    ELISE,
    MOREL,
    PHOTO,
    POSTE,
    VIDEO,
    VOICE,
    Story,
)

from appservice.domain.circulation import Crosses, Emergency, fate_of, judge_talk
from appservice.domain.delivery import Kind
from appservice.domain.member import Channel
from appservice.domain.moderation import Submission

TALK = "Bonjour, la livraison est passée"


def crossed(story: Story) -> list[str]:
    """What appears on the other side."""
    return [p.body for p in story.parcels() if p.key.startswith("cross:")]


def redacted(story: Story) -> list[str | None]:
    return [p.event for p in story.parcels(Channel.MATRIX, ECHANGES, Kind.DELETE) if p.event]


async def test_S0_07_words_cross_both_ways_with_a_name(story: Story) -> None:
    await story.writes(MOREL, TALK, where=ECHANGES)
    await story.writes(BRUNO, TALK, where=ECHANGES_GROUP, channel=Channel.SIGNAL)
    await story.deliver()
    assert story.bridges[Channel.SIGNAL].texts(ECHANGES_GROUP) == [
        f"Morel (gendarmerie) (Element) : {TALK}"
    ]
    assert story.bridges[Channel.MATRIX].texts(ECHANGES) == [f"Tabac Bruno (Signal) : {TALK}"]
    assert redacted(story) == []


async def test_what_attacks_a_person_is_removed_explained_and_never_crosses(story: Story) -> None:
    key = await story.writes(ANNE, "C'est Dupont", where=ECHANGES)
    assert redacted(story) == [key]
    assert crossed(story) == []
    (why,) = story.told(ANNE)
    assert "retiré des échanges" in why
    assert "Ne désignez personne. (règle identifies-person ; article de identifies-person)" in why
    act = story.store.acts[-1]
    assert (act.verb, act.codes) == ("exchange.remove", ("identifies-person",))


@pytest.mark.parametrize("text", ["Attention, un homme barbu", "vol par un homme barbu"])
async def test_a_person_is_not_described_with_or_without_a_fact(story: Story, text: str) -> None:
    key = await story.writes(ANNE, text, where=ECHANGES)
    assert redacted(story) == [key]
    assert "person-description" in story.told(ANNE)[0]


async def test_only_the_rules_that_block_are_named(story: Story) -> None:
    await story.writes(ANNE, "vol par Dupont", where=ECHANGES)
    assert "unverified-source" not in story.told(ANNE)[0]


async def test_signal_words_cannot_be_removed_but_never_cross(story: Story) -> None:
    await story.writes(BRUNO, "C'est Dupont", where=ECHANGES_GROUP, channel=Channel.SIGNAL)
    assert crossed(story) == []
    assert redacted(story) == []
    assert "n'a pas été relayé" in story.told(BRUNO, Channel.SIGNAL)[0]


async def test_S0_12_a_danger_leaves_the_room_for_the_officers(story: Story) -> None:
    key = await story.writes(ANNE, "il est armé, vite", where=ECHANGES)
    assert story.told(ANNE)[0].startswith("Danger en cours : appelez tout de suite le 17")
    assert redacted(story) == [key]
    assert crossed(story) == []
    assert "URGENCE S1" in story.poste()[0]


class TestEdits:
    async def test_follow(self, story: Story) -> None:
        key = await story.writes(MOREL, TALK, where=ECHANGES)
        await story.deliver()
        await story.edits(MOREL, key, "Bonjour à tous", where=ECHANGES)
        await story.deliver()
        assert story.bridges[Channel.SIGNAL].texts(ECHANGES_GROUP) == [
            "Morel (gendarmerie) (Element) : Bonjour à tous"
        ]

    async def test_are_judged_again(self, story: Story) -> None:
        key = await story.writes(ANNE, TALK, where=ECHANGES)
        await story.deliver()
        edit = await story.edits(ANNE, key, "C'est Dupont", where=ECHANGES)
        await story.deliver()
        assert story.bridges[Channel.SIGNAL].texts(ECHANGES_GROUP) == []
        assert redacted(story) == [key, edit]  # the edit holds the text too
        assert "identifies-person" in story.told(ANNE)[-1]

    async def test_that_heal_a_signal_message_let_it_cross(self, story: Story) -> None:
        key = await story.writes(
            BRUNO, "C'est Dupont", where=ECHANGES_GROUP, channel=Channel.SIGNAL
        )
        await story.edits(BRUNO, key, TALK, ECHANGES_GROUP, Channel.SIGNAL)
        assert crossed(story) == [f"Tabac Bruno (Signal) : {TALK}"]
        await story.edits(BRUNO, key, "Merci", ECHANGES_GROUP, Channel.SIGNAL)
        assert story.parcels(Channel.MATRIX, ECHANGES, Kind.EDIT)[0].body.endswith("Merci")

    async def test_of_somebody_else_change_nothing(self, story: Story) -> None:
        key = await story.writes(MOREL, TALK, where=ECHANGES)
        await story.deliver()
        await story.edits(ANNE, key, "Merci", where=ECHANGES)
        await story.deletes(ANNE, key, where=ECHANGES)
        await story.deliver()
        assert story.bridges[Channel.SIGNAL].texts(ECHANGES_GROUP) == [
            f"Morel (gendarmerie) (Element) : {TALK}"
        ]

    async def test_deletions_follow(self, story: Story) -> None:
        key = await story.writes(BRUNO, TALK, where=ECHANGES_GROUP, channel=Channel.SIGNAL)
        await story.deliver()
        await story.deletes(BRUNO, key, ECHANGES_GROUP, Channel.SIGNAL)
        await story.deliver()
        assert story.bridges[Channel.MATRIX].texts(ECHANGES) == []


@pytest.mark.parametrize("file", [PHOTO, VIDEO], ids=["photo", "video"])
async def test_pictures_never_cross_and_go_to_the_officers(story: Story, file) -> None:
    key = await story.writes(ANNE, "vitrine brisée ce matin", file, where=ECHANGES)
    assert redacted(story) == [key]
    assert crossed(story) == []
    assert {p.target for p in story.parcels() if p.blobs} == {POSTE, "group-poste"}
    assert "remise aux agents seulement" in story.told(ANNE)[-1]


async def test_other_files_are_refused_by_type(story: Story) -> None:
    key = await story.writes(ANNE, "écoutez", VOICE, where=ECHANGES)
    assert redacted(story) == [key]
    assert crossed(story) == []
    assert story.store.tables.reports == {}
    assert "Aucun fichier ne circule" in story.told(ANNE)[0]
    await story.writes(ANNE, "il est armé", VOICE, where=ECHANGES)
    assert story.told(ANNE)[-1].startswith("Danger en cours")


@pytest.mark.parametrize("who", [ELISE])
async def test_whoever_never_signed_is_removed_and_never_crosses(story: Story, who) -> None:
    key = await story.writes(who, TALK, where=ECHANGES)
    await story.writes(who, TALK, where=ECHANGES_GROUP, channel=Channel.SIGNAL)
    assert crossed(story) == []
    assert redacted(story) == [key]
    assert "n'a pas été signée" in story.told(who)[0]


async def test_an_unknown_voice_in_the_group_is_ignored(story: Story) -> None:
    ghost = type(ANNE)(**{f: getattr(BRUNO, f) for f in BRUNO.__slots__} | {"signal": "aci-x"})
    await story.writes(ghost, TALK, where=ECHANGES_GROUP, channel=Channel.SIGNAL)
    assert story.parcels() == []


async def test_nobody_can_speak_as_somebody_else(story: Story) -> None:
    text = "Bonjour\nMorel (gendarmerie) (Element) : fermez vos boutiques"
    await story.writes(BRUNO, text, where=ECHANGES_GROUP, channel=Channel.SIGNAL)
    assert "\n| Morel" in crossed(story)[0]


async def test_a_reaction_is_nothing(story: Story) -> None:
    await story.writes(MOREL, TALK, where=ECHANGES)
    await story.deliver()
    key = next(p.key for p in story.parcels() if p.key.startswith("cross:"))
    before = len(story.parcels())
    await story.reacts(BRUNO, key, "👍", ECHANGES_GROUP, Channel.SIGNAL)
    assert len(story.parcels()) == before


WORDS = st.lists(
    st.sampled_from("vol louche dupont armé bonjour barbu blabla immatriculation merci".split()),
    min_size=1,
    max_size=5,
).map(" ".join)


@examples(30)
@given(WORDS, st.sampled_from([Channel.MATRIX, Channel.SIGNAL]))
def test_nothing_crosses_without_being_judged(text: str, channel: Channel) -> None:
    """S4-12: the same words meet the same fate on each channel."""
    verdict = judge_talk(Submission(text, "merchant"), small_policy(), CIRCULATION)
    fate = fate_of(verdict, CIRCULATION)

    async def play() -> Story:
        story = await Story().begin()
        who, where = (ANNE, ECHANGES) if channel is Channel.MATRIX else (BRUNO, ECHANGES_GROUP)
        await story.writes(who, text, where=where, channel=channel)
        return story

    story = asyncio.run(play())
    assert bool(crossed(story)) == isinstance(fate, Crosses)
    assert bool(story.store.tables.reports) == isinstance(fate, Emergency)
