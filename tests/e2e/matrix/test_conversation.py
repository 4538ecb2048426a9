"""The service and a person's Element talk, encrypted, on a real homeserver."""

import pytest
from support.matrix_rig import Rig

from appservice.demo import element
from appservice.domain.room import Kind
from appservice.matrix.settings import Unreadable
from bridges.protocol import (
    Action,
    Attachment,
    Deleted,
    Edited,
    Message,
    Outgoing,
    Reacted,
    Receipt,
    Rejected,
)

pytestmark = pytest.mark.e2e

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


async def test_each_reads_what_the_other_writes(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    posted = await rig.post(room, "Bonjour Marie", html="<b>Bonjour</b> Marie")
    seen = await marie.reads("Bonjour Marie")
    assert (seen.event_id, seen.sender) == (posted.provider_id, rig.settings.bot)
    assert seen.encrypted
    assert seen.html == "<b>Bonjour</b> Marie"

    said = await marie.say(room, "Vitrine brisée rue Carnot", replies_to=seen.event_id)
    heard = await rig.hears("Vitrine brisée")
    assert heard == Message(
        key=said,
        sender=marie.mxid,
        text="Vitrine brisée rue Carnot",
        sent_at=heard.sent_at,
        group=room,
        replies_to=posted.provider_id,
        verified=True,
    )


async def test_a_phone_slower_than_its_room_misses_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(element, "FILTER", {"room": {"timeline": {"limit": 3}}})
    marie = await rig.person()
    room = await rig.room(marie)
    await rig.post(room, "Bonjour")
    await marie.reads("Bonjour")
    away = marie.away()
    texts = [f"Nouvelle {number}" for number in range(9)]
    posted = [await rig.post(room, text) for text in texts]
    await rig.edit(room, posted[1].provider_id, "Mieux dit")
    away.set()
    await marie.reads("Mieux dit")
    texts[1] = "Mieux dit"
    assert [seen.text for seen in marie.timeline(room)] == ["Bonjour", *texts]


async def test_a_photo_goes_both_ways(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    await marie.send_photo(room, PHOTO, "vitrine.png", caption="Vitrine brisée, photo")
    heard = await rig.hears("Vitrine brisée, photo")
    assert heard.attachments == (Attachment("image/png", PHOTO, "vitrine.png"),)
    assert heard.verified

    await rig.post(room, "Photo reçue", attachments=heard.attachments)
    seen = await marie.reads("Photo reçue")
    assert (seen.kind, seen.encrypted) == ("m.image", True)
    assert await marie.download(seen) == PHOTO


async def test_a_photo_that_is_too_large_is_said_and_the_message_kept(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    large = bytes(rig.settings.media_limit + 1)
    event = await marie.send_photo(room, large, "grand.png", caption="Trop grand")
    heard = await rig.hears("Trop grand")
    assert heard.attachments == ()
    told = (room, marie.mxid, event, Unreadable.ATTACHMENT_TOO_LARGE)
    assert told in rig.unreadable


async def test_what_the_service_edits_deletes_and_marks_shows_in_element(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    first = await rig.post(room, "Vol rue Hoche")
    second = await rig.post(room, "À retirer")
    await rig.edit(room, first.provider_id, "Vol rue Hoche, corrigé")
    await rig.post(room, "", action=Action.DELETE, acts_on=second.provider_id)
    await rig.post(room, "✅", action=Action.REACT, acts_on=first.provider_id)

    def shows() -> bool | None:
        one, two = marie.seen.get(first.provider_id), marie.seen.get(second.provider_id)
        done = one and two and one.edited and two.deleted and one.reactions
        return True if done else None

    await marie.until(shows)
    assert marie.seen[first.provider_id].text == "Vol rue Hoche, corrigé"
    assert marie.seen[second.provider_id].text == ""
    assert marie.seen[first.provider_id].reactions == ("✅",)


async def test_what_a_person_edits_deletes_and_marks_is_told(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    said = await marie.say(room, "Un home en fuite")
    edited = await marie.edit(room, said, "Un homme en fuite")
    reacted = await marie.react(room, said, "👍")
    deleted = await marie.delete(room, said)
    told = await rig.until(lambda: [i for i in rig.received if i.key == deleted])
    assert isinstance(told[0], Deleted)
    assert (told[0].sender, told[0].target, told[0].group) == (marie.mxid, said, room)
    by_key = {inbound.key: inbound for inbound in rig.received if not isinstance(inbound, Receipt)}
    edit, reaction = by_key[edited], by_key[reacted]
    assert isinstance(edit, Edited)
    assert (edit.target, edit.text, edit.verified) == (said, "Un homme en fuite", True)
    assert isinstance(reaction, Reacted)
    assert (reaction.target, reaction.emoji) == (said, "👍")


async def test_the_same_key_twice_is_one_event(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    first = await rig.post(room, "Une seule fois", key="alerte/7/matrix")
    again = await rig.post(room, "Une seule fois", key="alerte/7/matrix")
    assert again.provider_id == first.provider_id
    await rig.post(room, "La suite")
    await marie.reads("La suite")
    assert [seen.text for seen in marie.timeline(room)] == ["Une seule fois", "La suite"]


async def test_nothing_is_said_in_clear(rig: Rig) -> None:
    space = await rig.room(kind=Kind.SPACE)
    message = Outgoing("clair/1", space, "Bonjour")
    assert await rig.service.channel.send(message) == Rejected("room-not-encrypted")


async def test_a_room_that_we_are_not_in_is_refused_for_good(rig: Rig) -> None:
    outcome = await rig.service.channel.send(Outgoing("nulle/1", "!nulle:part", "Bonjour"))
    assert isinstance(outcome, Rejected)


async def test_comings_and_goings_are_told(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    await marie.leave(room)
    ours = await rig.until(
        lambda: (
            found
            if (found := [m for r, u, m in rig.memberships if (r, u) == (room, marie.mxid)])[-1:]
            == ["leave"]
            else None
        )
    )
    assert ours == ["invite", "join", "leave"]
