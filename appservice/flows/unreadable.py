"""A message that could not be read: its author is told, officers too when we are at fault."""

from dataclasses import dataclass

from appservice.domain.audit import Act
from appservice.domain.member import Channel
from appservice.domain.wording.unreadable import PARKED, UNREADABLE
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store
from appservice.flows.step import every_poste, private_parcel, room_parcels


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Told by the Matrix side of what never became a message."""

    store: Store
    world: World
    clock: Clock

    async def tell(self, _room: str, sender: str, event: str, reason: str) -> None:
        """Once per event. `reason` is a key of UNREADABLE."""
        async with self.store.transaction() as tx:
            member = await tx.members.at(Channel.MATRIX, sender)
            if member is None:
                return
            parcel = private_parcel(
                member, Channel.MATRIX, UNREADABLE[reason], f"unreadable:{event}:{reason}"
            )
            if parcel is not None:
                await tx.outbox.put([parcel])
            await tx.acts.append(
                Act(
                    "service",
                    "inbound.unreadable",
                    event,
                    self.clock(),
                    territory=member.territory,
                )
            )
            territory = self.world.territory_of(member)
            if territory is None or reason not in {"undecryptable", "refused"}:
                return
            text = PARKED.format(who=member.attribution)
            for room in await every_poste(tx, territory):
                await tx.outbox.put(room_parcels(room, text, f"unreadable:{event}"))
