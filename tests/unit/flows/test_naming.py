"""Whoever is named is named by their role, and told; what is answered is shown as an answer."""

from dataclasses import replace

import pytest
from support.story import (
    ANNE,
    BRUNO,
    ECHANGES,
    ECHANGES_GROUP,
    MOREL,
    NADIA,
    POSTE,
    POSTE_GROUP,
    Story,
)

from appservice.domain.delivery import Parcel
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member
from appservice.files.world import load_world, shipped_paths
from bridges.protocol import Mention, Outgoing

MEMBRE = "@membre"


def crossed(story: Story, channel: Channel) -> list[Parcel]:
    return [p for p in story.parcels(channel) if p.key.startswith("cross:")]


def sent(story: Story, channel: Channel) -> list[Outgoing]:
    return [m for m in story.bridges[channel].sent if m.key.startswith(("cross:", "edit:"))]


def whom(message: Outgoing) -> list[tuple[str, str]]:
    """Each name as the text says it, and how the channel calls them."""
    return [(message.text[m.start : m.start + m.length], m.who) for m in message.mentions]


def address(member: Member, channel: Channel) -> str:
    return member.address(channel) or ""


async def test_on_element_a_signal_mention_names_by_role_and_tells(story: Story) -> None:
    mention = Mention(6, len(MEMBRE), address(MOREL, Channel.SIGNAL))
    text = f"Merci {MEMBRE}, à demain"
    await story.writes(
        BRUNO, text, where=ECHANGES_GROUP, channel=Channel.SIGNAL, mentions=(mention,)
    )
    await story.deliver()
    [message] = sent(story, Channel.MATRIX)
    assert message.text == f"Tabac Bruno (Signal) : Merci @{MOREL.attribution}, à demain"
    assert whom(message) == [(f"@{MOREL.attribution}", MOREL.mxid)]


async def test_on_signal_an_element_mention_names_by_role_and_tells(story: Story) -> None:
    mention = Mention(8, 5, address(MOREL, Channel.MATRIX))
    await story.writes(ANNE, "Bonjour Morel, à demain", where=ECHANGES, mentions=(mention,))
    await story.deliver()
    [message] = sent(story, Channel.SIGNAL)
    assert message.text == f"{ANNE.attribution} (Element) : Bonjour @{MOREL.attribution}, à demain"
    assert whom(message) == [(f"@{MOREL.attribution}", MOREL.signal)]


@pytest.mark.parametrize("who", ["morel", "aci-of-nobody"])
async def test_to_name_somebody_is_no_address_and_identifies_nobody(story: Story, who) -> None:
    """By the rules that ship: « @membre » is read as an address, a name as a person's."""
    world = load_world(shipped_paths())
    story.inbound.world = replace(
        story.inbound.world, policy=world.policy, circulation=world.circulation
    )
    mention = Mention(6, len(MEMBRE), address(MOREL, Channel.SIGNAL) if who == "morel" else who)
    text = f"Merci {MEMBRE}, la réunion est à 16 h 01"
    await story.writes(
        BRUNO, text, where=ECHANGES_GROUP, channel=Channel.SIGNAL, mentions=(mention,)
    )
    mention = Mention(8, 12, address(MOREL, Channel.MATRIX))
    named = "Bonjour Nadia Brient, la réunion est à 16 h 11"
    await story.writes(ANNE, named, where=ECHANGES, mentions=(mention,))
    await story.writes(ANNE, named, where=ECHANGES)
    assert len(crossed(story, Channel.MATRIX)) == 1
    assert len(crossed(story, Channel.SIGNAL)) == 1, "a name that is no mention is judged"


async def test_somebody_unknown_stays_a_member_without_a_name(story: Story) -> None:
    mention = Mention(6, len(MEMBRE), "aci-of-nobody")
    await story.writes(
        BRUNO, f"Merci {MEMBRE}", where=ECHANGES_GROUP, channel=Channel.SIGNAL, mentions=(mention,)
    )
    await story.deliver()
    [message] = sent(story, Channel.MATRIX)
    assert message.text.endswith(f" : Merci {MEMBRE}")
    assert message.mentions == ()


async def test_whoever_is_not_on_the_other_side_is_named_and_not_told(story: Story) -> None:
    channels = frozenset({Channel.SIGNAL})
    alone = replace(
        MOREL, id=MemberId("seul"), mxid=None, phone=None, signal="aci-seul", channels=channels
    )
    async with story.store.transaction() as tx:
        await tx.members.save(alone)
    mention = Mention(6, len(MEMBRE), "aci-seul")
    await story.writes(
        BRUNO, f"Merci {MEMBRE}", where=ECHANGES_GROUP, channel=Channel.SIGNAL, mentions=(mention,)
    )
    await story.deliver()
    [message] = sent(story, Channel.MATRIX)
    assert message.text.endswith(f" : Merci @{alone.attribution}")
    assert message.mentions == ()


async def test_a_correction_names_them_too(story: Story) -> None:
    key = await story.writes(BRUNO, "Merci", where=ECHANGES_GROUP, channel=Channel.SIGNAL)
    await story.deliver()
    mention = Mention(6, len(MEMBRE), address(MOREL, Channel.SIGNAL))
    await story.edits(
        BRUNO, key, f"Merci {MEMBRE}", ECHANGES_GROUP, Channel.SIGNAL, mentions=(mention,)
    )
    await story.deliver()
    assert whom(sent(story, Channel.MATRIX)[-1]) == [(f"@{MOREL.attribution}", MOREL.mxid)]


async def test_a_report_names_by_role_what_a_telephone_would_call_by_number(
    story: Story,
) -> None:
    mention = Mention(0, len(MEMBRE), address(MOREL, Channel.SIGNAL))
    text = f"{MEMBRE} un client a payé avec un faux billet ce matin"
    await story.writes(BRUNO, text, channel=Channel.SIGNAL, mentions=(mention,))
    [card] = [p for p in story.parcels(Channel.MATRIX, POSTE) if p.key.startswith("card:")]
    assert f"@{MOREL.attribution} un client" in card.body


@pytest.mark.parametrize("channel", [Channel.MATRIX, Channel.SIGNAL])
async def test_an_answer_answers_the_same_words_on_the_other_side(story: Story, channel) -> None:
    """First the other's own words, then the copy of what was said over there, then our card."""
    places = {Channel.MATRIX: POSTE, Channel.SIGNAL: POSTE_GROUP}
    other = Channel.SIGNAL if channel is Channel.MATRIX else Channel.MATRIX
    first = await story.writes(NADIA, "Patrouille à 15 h", where=places[channel], channel=channel)
    await story.deliver()
    copy = f"cross:{channel}:{first}"
    async with story.store.transaction() as tx:
        there = await tx.outbox.delivered_as(copy)
    await story.writes(MOREL, "Vu", where=places[channel], channel=channel, replies_to=first)
    await story.writes(MOREL, "Vu aussi", where=places[other], channel=other, replies_to=there)
    await story.deliver()
    assert sent(story, other)[-1].replies_to == there
    assert sent(story, channel)[-1].replies_to == first

    await story.writes(ANNE, "Un client a payé avec un faux billet ce matin")
    await story.deliver()
    cards = {
        Channel.MATRIX: f"card:S1:matrix:{POSTE}",
        Channel.SIGNAL: f"card:S1:signal:{POSTE_GROUP}",
    }
    async with story.store.transaction() as tx:
        here, there = [await tx.outbox.delivered_as(cards[c]) for c in (channel, other)]
    await story.writes(MOREL, "J'y vais", where=places[channel], channel=channel, replies_to=here)
    await story.deliver()
    assert there is not None
    assert sent(story, other)[-1].replies_to == there


async def test_an_answer_to_what_never_crossed_is_a_plain_message(story: Story) -> None:
    await story.writes(MOREL, "Vu", where=POSTE, replies_to="$elsewhere")
    await story.deliver()
    assert sent(story, Channel.SIGNAL)[-1].replies_to is None
