"""Answers « aide » with what this person may do, here and now."""

from collections.abc import Sequence

from appservice.domain.charter import InForce
from appservice.domain.commands import AskHelp, parse_member
from appservice.domain.errors import NotUnderstood
from appservice.domain.member import Channel
from appservice.domain.membership.seats import seats_of
from appservice.domain.wording.personal.help import Situation, help_for
from appservice.flows.step import Step


async def help_on(step: Step) -> str:
    """Their charter, training, rooms and channels, what they may do, and their mairie."""
    member, territory = step.member, step.territory
    channel = step.channel or Channel.MATRIX
    standing = await step.standing_of(member)
    consents = await step.tx.telephone.consents.held_by([member.id])
    seated = isinstance(standing, InForce) and territory.is_open
    world = step.world
    rooms: Sequence[str] = ()
    if seated:
        rooms = seats_of(member, territory, world.templates, world.publics, channel)
    consent = consents.get(member.id)
    return help_for(Situation(member, territory, standing, channel, consent, rooms))


def asks_for_help(text: str, channel: Channel) -> bool:
    """Whether somebody who may take no part asks for help."""
    try:
        return isinstance(parse_member(text, channel), AskHelp)
    except NotUnderstood:
        return False
