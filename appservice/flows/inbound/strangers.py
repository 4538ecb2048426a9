"""Who wrote; and what somebody unknown is answered, seldom."""

import re
from dataclasses import replace
from datetime import datetime

from appservice.domain.delivery import Parcel, Urgency
from appservice.domain.member import Channel, Member, Role
from appservice.domain.wording import reports as report_words
from appservice.domain.wording import talk as words
from appservice.domain.world import World
from appservice.flows.ports import Transaction
from appservice.flows.reports import is_emergency
from appservice.flows.step import Step, private_parcel
from bridges.protocol import Deleted, Edited, Message, Reacted

_TELEPHONE = re.compile(r"\+\d{8,15}")


async def known(
    tx: Transaction, channel: Channel, inbound: Message | Edited | Deleted | Reacted
) -> Member | None:
    """The member behind an address.

    Signal names people by an opaque id that the mairie can't know at enrolment: the first
    message of an enrolled number that chose Signal teaches it to us.
    """
    member = await tx.members.at(channel, inbound.sender)
    if member is not None or channel is not Channel.SIGNAL or not isinstance(inbound, Message):
        return member
    if inbound.sender_number is None:
        return None
    holder = await tx.members.at(Channel.SMS, inbound.sender_number)
    if holder is None or holder.signal is not None or Channel.SIGNAL not in holder.channels:
        return None
    learnt = replace(holder, signal=inbound.sender)
    await tx.members.save(learnt)
    return learnt


async def answer(
    tx: Transaction, channel: Channel, message: Message, world: World, now: datetime
) -> None:
    """The telephone whenever there is danger, once an hour; else one polite reply in a while.

    Nothing else is kept of them, and a flood of strangers costs no more than the cap.
    """
    if channel is Channel.SMS and not _TELEPHONE.fullmatch(message.sender):
        return  # a machine wrote: answering could loop
    if is_emergency(world.policy, Role.MERCHANT, message.text):
        # Whatever it costs; the unique key of the parcel is the limit.
        key = f"stranger:{channel}:{message.sender}:{now:%Y-%m-%dT%H}"
        text = report_words.emergency(to_officers=False)
        await tx.outbox.put([_urgent(Parcel(key, channel, message.sender, text))])
        return
    settings, strangers = world.settings, tx.telephone.strangers
    since, cap = now - settings.stranger_every, settings.strangers_an_hour
    if await strangers.may_answer(channel, message.sender, now, since, cap):
        key = f"stranger:{channel}:{message.sender}:{now.isoformat()}"
        text = words.stranger(t.contact for t in world.territories.values() if t.contact)
        await tx.outbox.put([Parcel(key, channel, message.sender, text)])


def _urgent(parcel: Parcel) -> Parcel:
    return replace(parcel, urgency=Urgency.URGENT)


async def once_a_day(step: Step, name: str, text: str) -> None:
    """A private answer that does not come back with every message."""
    key = f"{name}:{step.channel}:{step.member.id}:{step.now:%Y-%m-%d}"
    parcel = private_parcel(step.member, step.channel, text, key)
    if parcel is not None:
        await step.tx.outbox.put([parcel])
