"""However much waits in the journal, the service holds little of it in memory at a time."""

import asyncio
import tracemalloc
from collections.abc import Callable

from support.store_builders import NOON
from support.story import BRUNO, Story

from appservice.domain.member import Channel
from appservice.flows.inbound import Inbox
from bridges.protocol import Attachment, Message

TOGETHER = 10
PHOTO = bytes(4 * 2**20)
MIB = 2**20


def words(number: int) -> Message:
    return Message(f"k{number}", BRUNO.signal or "", "Bonjour " * 20, NOON)


def photo(number: int) -> Message:
    file = Attachment("image/jpeg", PHOTO, "p.jpg")
    return Message(f"k{number}", BRUNO.signal or "", "", NOON, attachments=(file,))


class Careless:
    """Looks at what it is given and keeps nothing of it."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def handle(self, channel: Channel, inbound: Message) -> None:
        self.seen.append(inbound.key)


async def drained(story: Story, thing: Callable[[int], Message], size: int, handle: object) -> int:
    """MiB at the peak while so many of these, which waited, are handled."""
    store = story.store
    box = Inbox(Channel.SIGNAL, store.journal, store, store.wake, handle, story.clock)  # type: ignore[arg-type] # plays it
    sink = box.sink()
    for begin in range(0, size, TOGETHER):
        await asyncio.gather(*(sink(thing(n)) for n in range(begin, begin + TOGETHER)))
    tracemalloc.start()
    while await box.work_once():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert await store.journal.pending("signal", 1) == []
    return peak // MIB


async def test_two_thousand_messages_wait_and_few_are_held(story: Story) -> None:
    careless = Careless()
    assert await drained(story, words, 2000, careless) <= 4
    assert len(careless.seen) == 2000


async def test_big_photos_wait_and_few_are_held(story: Story) -> None:
    """Each is 4 MiB, 5.3 as the journal keeps it: together 107 MiB, and as much again opened."""
    careless = Careless()
    # What is opened together, one that is read, and what carries it from the database.
    assert await drained(story, photo, 20, careless) <= 40
    assert len(careless.seen) == 20
