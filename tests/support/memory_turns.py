"""Turns of the queue in memory: `served` and `next_turn`, as `store/mail/turns.py` says them."""

from collections.abc import Iterable, Sequence

from appservice.domain.delivery import State, Urgency
from appservice.domain.member import Channel
from support.memory_tables import Slip


def served(slips: Iterable[Slip], channel: Channel, urgency: Urgency) -> int:
    """The latest turn in hand, else the next one that could be."""
    alike = [s for s in slips if s.parcel.channel is channel and s.urgency is urgency]
    in_hand = [s.turn for s in alike if s.state is State.SUBMITTING]
    return max(in_hand, default=min((s.turn for s in alike if s.ready), default=0))


def next_turn(slips: Sequence[Slip], new: Slip) -> int:
    """After the last one of its lane, and never before what is being served."""
    behind = [
        s.turn + 1
        for s in slips
        if s.state is State.QUEUED
        and (s.parcel.channel, s.urgency, s.lane) == (new.parcel.channel, new.urgency, new.lane)
    ]
    return max([served(slips, new.parcel.channel, new.urgency), *behind])


def place_anew(slips: Sequence[Slip], waited: Sequence[Slip]) -> None:
    """What waited is ready, each lane from the turn that is served on."""
    began = {
        (s.parcel.channel, s.urgency): served(slips, s.parcel.channel, s.urgency) for s in waited
    }
    placed: dict[tuple[object, ...], int] = {}
    for slip in sorted(waited, key=lambda s: (s.turn, s.id)):
        where = (slip.parcel.channel, slip.urgency)
        slip.retry_at = None
        slip.turn = placed.setdefault((*where, slip.lane), began[where])
        placed[*where, slip.lane] += 1
