"""A parcel made into what a channel is asked to send."""

from dataclasses import replace

from appservice.domain.delivery import GUICHET, Claimed
from appservice.domain.ids import MemberId
from appservice.flows.departure.obstacles import Given
from appservice.flows.ports import Guichets, Store
from bridges.protocol import Action, Attachment, Mention, Outgoing

NOTHING_TO_CHANGE = "nothing-to-change"


async def pack(store: Store, guichets: Guichets, claimed: Claimed) -> Outgoing | Given:
    """With its photos, and the room of a guichet. Raises TemporaryFailure."""
    parcel = claimed.parcel
    attachments = await _attachments(store, claimed) if parcel.blobs else ()
    if parcel.target.startswith(GUICHET):
        room = await guichets.room_of(MemberId(parcel.target.removeprefix(GUICHET)))
        if room is None:
            return Given("no-guichet")
        claimed = replace(claimed, parcel=replace(parcel, target=room))
    return _outgoing(claimed, attachments)


async def _attachments(store: Store, claimed: Claimed) -> tuple[Attachment, ...]:
    async with store.transaction() as tx:
        blobs = [await tx.blobs.get(blob) for blob in claimed.parcel.blobs]
    return tuple(blob for blob in blobs if blob is not None)


def _outgoing(claimed: Claimed, attachments: tuple[Attachment, ...]) -> Outgoing | Given:
    """What never arrived can't be edited: its correction is posted. Nor does it need removing."""
    parcel = claimed.parcel
    acts_on = parcel.event or claimed.replaced_provider_id
    action = Action(parcel.kind.value)
    if acts_on is None and action in {Action.DELETE, Action.REACT}:
        return Given(NOTHING_TO_CHANGE)
    if acts_on is None:
        action = Action.POST
    return Outgoing(
        key=parcel.key,
        target=parcel.target,
        text=parcel.body,
        action=action,
        to_group=parcel.to_group,
        html=parcel.html,
        notice=parcel.notice,
        acts_on=acts_on if action is not Action.POST else None,
        attachments=attachments,
        expires_at=parcel.expires_at,
        mentions=tuple(Mention(one.start, one.length, one.who) for one in parcel.named),
        replies_to=parcel.answers or None,
    )
