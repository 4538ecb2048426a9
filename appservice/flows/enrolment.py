"""Enrolment: the mairie, and nobody else, says who may sign a charter and take part."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from appservice.domain.audit import Act
from appservice.domain.charter import InForce
from appservice.domain.enrolment import (
    OPERATOR,
    EnrolmentRefused,
    Mistake,
    likenesses,
    mistakes_in,
)
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.world import World
from appservice.flows.ports import Clock, NewId, Store, Transaction

_TWICE = {
    Channel.MATRIX: ("mxid", "cet identifiant Matrix"),
    Channel.SIGNAL: ("signal", "ce compte Signal"),
    Channel.SMS: ("phone", "ce numéro"),
}


@dataclass(frozen=True, slots=True)
class Examined:
    """A list of people, looked at. Everybody is named by their place in it, from 0."""

    mistakes: tuple[Mistake, ...]
    enrolled: frozenset[int]  # already, word for word
    lookalikes: Mapping[int, tuple[Member, ...]]  # of the register


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Adds people to the register, all of a list or none."""

    store: Store
    clock: Clock
    new_id: NewId
    world: World
    server_name: str

    async def enrol(self, person: Member, by: str) -> Member:
        """Adds one person; whatever id they come with is replaced by a new one."""
        return (await self.enrol_all([person], by))[0]

    async def enrol_all(self, people: Sequence[Member], by: str) -> Sequence[Member]:
        """Adds everybody, or nobody if anything is wrong; `by` is a member id or `operator`.

        Somebody who is enrolled already, word for word, is answered as they are: a seed file
        may be read twice. Raises EnrolmentRefused with every mistake, or NotAllowed.
        """
        async with self.store.transaction() as tx:
            return await self.add_all(tx, people, by)

    async def add_all(self, tx: Transaction, people: Sequence[Member], by: str) -> list[Member]:
        """As `enrol_all`, inside somebody else's transaction, which must end if this raises."""
        known, mistakes = await self._look(tx, people, by)
        if mistakes:
            raise EnrolmentRefused(mistakes)
        found = [known.holder_of(person) for person in people]
        return [
            await (
                self._add(tx, person, by)
                if holder is None
                else self._train(tx, holder, person, by)
            )
            for person, holder in zip(people, found, strict=True)
        ]

    async def examine(self, people: Sequence[Member], by: str) -> "Examined":
        """What `enrol_all` would say, and who resembles whom; changes nothing.

        Raises NotAllowed.
        """
        async with self.store.transaction() as tx:
            return await self.examine_all(tx, people, by)

    async def examine_all(self, tx: Transaction, people: Sequence[Member], by: str) -> "Examined":
        """As `examine`, inside somebody else's transaction."""
        known, mistakes = await self._look(tx, people, by)
        here = {rank for rank, one in enumerate(people) if known.holder_of(one) is not None}
        alike = {rank: known.like(one) for rank, one in enumerate(people) if rank not in here}
        return Examined(
            mistakes,
            frozenset(here - {mistake.rank for mistake in mistakes}),
            {rank: found for rank, found in alike.items() if found},
        )

    async def _look(
        self, tx: Transaction, people: Sequence[Member], by: str
    ) -> tuple["Known", tuple[Mistake, ...]]:
        """Those of the register who are near, and everything that is wrong."""
        mistakes = [
            mistake
            for rank, person in enumerate(people)
            for mistake in mistakes_in(person, self.world, self.server_name, rank)
        ]
        mistakes += _repeated(people)
        await self.check_right(tx, people, by)
        known = Known(await tx.members.near(people))
        for rank, person in enumerate(people):
            mistakes += taken(person, known.holders(person), rank)
        return known, tuple(sorted(mistakes))

    async def check_right(self, tx: Transaction, people: Sequence[Member], by: str) -> None:
        """The mairie, its charter in force, on its own land. Raises NotAllowed."""
        if by == OPERATOR:
            return
        enroller = await tx.members.get(MemberId(by))
        if enroller is None or enroller.role is not Role.MAIRIE:
            raise NotAllowed("Seule la mairie inscrit des participants.")
        signature = await tx.signatures.latest(enroller.id)
        standing = self.world.standing(enroller, signature, self.clock())
        if not isinstance(standing, InForce):
            raise NotAllowed(standing.french)
        if any(person.territory != enroller.territory for person in people):
            raise NotAllowed("La mairie inscrit sur son propre territoire seulement.")

    async def _train(self, tx: Transaction, holder: Member, person: Member, by: str) -> Member:
        """A list may say of somebody who is there that they were trained, never the reverse."""
        if holder.trained is not None or person.trained is None:
            return holder
        member = replace(holder, trained=person.trained)
        await tx.members.save(member)
        act = Act(by, "member.train", member.id, self.clock(), territory=member.territory)
        await tx.acts.append(act)
        return member

    async def _add(self, tx: Transaction, person: Member, by: str) -> Member:
        member = replace(person, id=MemberId(self.new_id()))
        await tx.members.save(member)
        await tx.acts.append(Act(by, "enrol", member.id, self.clock(), territory=member.territory))
        return member


class Known:
    """Members of the register, found by their addresses and by what they have in common."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._at: dict[tuple[Channel, str], Member] = {}
        self._like: dict[tuple[str, str], list[Member]] = defaultdict(list)
        for member in members:
            for channel in Channel:
                if address := member.address(channel):
                    self._at[channel, address] = member
            for likeness in likenesses(member):
                self._like[member.territory, likeness].append(member)

    def holders(self, person: Member) -> dict[Channel, Member]:
        """Who already has the addresses of this person."""
        pairs = (
            (channel, self._at.get((channel, person.address(channel) or "")))
            for channel in Channel
        )
        return {channel: holder for channel, holder in pairs if holder is not None}

    def holder_of(self, person: Member) -> Member | None:
        """The first of them."""
        return next(iter(self.holders(person).values()), None)

    def like(self, person: Member) -> tuple[Member, ...]:
        """Who may be the same shop, in its territory; in order of id."""
        shared = (self._like.get((person.territory, text), ()) for text in likenesses(person))
        found = {member.id: member for members in shared for member in members}
        return tuple(found[member] for member in sorted(found))


def taken(person: Member, holders: dict[Channel, Member], rank: int) -> list[Mistake]:
    """One mistake per address that is somebody else's, or the same person's with other data."""
    return [
        Mistake(rank, _TWICE[channel][0], "taken", f"Déjà inscrit avec {_TWICE[channel][1]}.")
        for channel, holder in holders.items()
        if replace(holder, id=person.id, trained=person.trained) != person
    ]


def said_twice(seen: set[str], person: Member) -> Iterator[tuple[str, str]]:
    """Fields of this person that `seen` holds already, each with a sentence; adds the others."""
    for channel in Channel:
        address = person.address(channel)
        if address is None:
            continue
        field, what = _TWICE[channel]
        if (known := f"{field} {address}") in seen:
            yield field, f"{what} est donné deux fois."
        seen.add(known)


def _repeated(people: Sequence[Member]) -> list[Mistake]:
    seen: set[str] = set()
    return [
        Mistake(rank, field, "repeated", french)
        for rank, person in enumerate(people)
        for field, french in said_twice(seen, person)
    ]
