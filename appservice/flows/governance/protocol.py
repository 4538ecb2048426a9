"""The protocol watched at each start: a change is numbered, kept whole, announced, and audited."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from appservice.domain.audit import Act
from appservice.domain.console import Right, Visitor
from appservice.domain.errors import NotAllowed
from appservice.domain.protocol.facts import digest_of, facts_of
from appservice.domain.protocol.version import Version, changes
from appservice.domain.room import Kind
from appservice.domain.wording.personal.protocol import announced
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store, Transaction
from appservice.flows.step import room_parcels

_TOLD = (Kind.POSTE, Kind.ECHANGES)


@dataclass(frozen=True, slots=True)
class Told:
    """A version, and what it changed for a territory that it was told to."""

    version: Version
    changes: dict[str, Sequence[str]]  # by territory


@dataclass(frozen=True, slots=True)
class Protocol:
    """What judges and binds, as the files say it now."""

    store: Store
    clock: Clock
    world: World

    async def observe(self, files: Callable[[], bytes]) -> Version | None:
        """The new version, when the files say something new; rooms are told, once.

        `files` packs what was read, so that it can be put back one day.
        """
        facts = facts_of(self.world)
        digest = digest_of(facts)
        async with self.store.transaction() as tx:
            known = await tx.protocols.all()
            latest = known[-1] if known else None
            if latest is not None and latest.digest == digest:
                return None
            same = [former.number for former in known if former.digest == digest]
            number = latest.number + 1 if latest is not None else 1
            back = same[-1] if same else None
            version = Version(number, digest, self.clock(), facts, back)
            await tx.protocols.add(version, files())
            await tx.acts.append(Act("service", "protocol.change", version.reference, version.at))
            if latest is not None:
                await self._announce(tx, latest, version)
        return version

    async def history(self, visitor: Visitor) -> Sequence[Told]:
        """The last one first. Raises NotAllowed."""
        if not visitor.may(Right.READ_PROTOCOL):
            raise NotAllowed
        async with self.store.transaction() as tx:
            known = await tx.protocols.all()
        lands = [land for land in self.world.territories if visitor.covers(land)]
        told = [
            Told(now, {land: changes(former.facts, now.facts, land) for land in lands})
            for former, now in pairwise(known)
        ]
        first = [Told(one, {}) for one in known[:1]]
        return [*reversed(told), *first]

    async def _announce(self, tx: Transaction, former: Version, version: Version) -> None:
        for territory in self.world.territories.values():
            said = changes(former.facts, version.facts, territory.id)
            if not said or not former.covers(territory.id):
                continue  # a new territory reads its welcomes
            text = announced(version, said, territory)
            for kind in _TOLD:
                for room in await tx.rooms.of(territory.id, kind):
                    name = f"protocol:{version.number}"
                    await tx.outbox.put(room_parcels(room, text, name))
