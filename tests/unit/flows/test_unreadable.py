"""A message that could not be read is never silently lost."""

import pytest
from support.story import ANNE, POSTE, Story, guichet

from appservice.domain.member import Channel
from appservice.domain.wording.unreadable import UNREADABLE
from appservice.flows.unreadable import Unreadable
from appservice.matrix.settings import Unreadable as Reason


async def told(story: Story, reason: str, times: int = 1) -> list[tuple[str, str]]:
    flow = Unreadable(story.store, story.world, story.clock)
    for _ in range(times):
        await flow.tell(POSTE, ANNE.mxid or "", "$event", reason)
    await story.deliver()
    bridge = story.bridges[Channel.MATRIX]
    return [(room, text) for room in (guichet(ANNE.id), POSTE) for text in bridge.texts(room)]


@pytest.mark.parametrize("reason", list(Reason))
async def test_every_reason_has_its_sentence(story, reason):
    lines = await told(story, reason)
    assert (guichet(ANNE.id), UNREADABLE[reason]) in lines


@pytest.mark.parametrize("reason", [Reason.UNDECRYPTABLE, Reason.REFUSED])
async def test_officers_learn_of_what_never_reached_them_once(story, reason):
    lines = await told(story, reason, times=2)
    assert [room for room, _ in lines] == [guichet(ANNE.id), POSTE]


async def test_a_stranger_is_told_nothing(story):
    await Unreadable(story.store, story.world, story.clock).tell(
        POSTE, "@nobody:test", "$event", Reason.UNDECRYPTABLE
    )
    assert await story.deliver() is None
    assert story.bridges[Channel.MATRIX].texts(POSTE) == []
