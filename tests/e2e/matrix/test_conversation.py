"""The service and a person's Element talk, encrypted, on a real homeserver."""

import pytest
from support.matrix_rig import Rig

from bridges.protocol import Message

pytestmark = pytest.mark.e2e


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
