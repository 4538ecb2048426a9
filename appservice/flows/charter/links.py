"""The mairie makes a link to sign by, for one person and once, and may take it back."""

from dataclasses import dataclass, replace
from datetime import datetime

from appservice.domain.audit import Act
from appservice.domain.charter import NotInForce
from appservice.domain.console import Right, Visitor
from appservice.domain.enrolment import OPERATOR
from appservice.domain.errors import InvalidTransition, NotAllowed, PermanentFailure
from appservice.domain.ids import MemberId
from appservice.domain.member import Member, is_reached
from appservice.domain.signing import LINK_LASTS, Code, SigningLink, code_digest, six_digits
from appservice.domain.world import World
from appservice.flows.console.entry import digest, new_token
from appservice.flows.ports import Clock, NewId, Store, Transaction

IS_OUT = "Cette personne a été retirée : réadmettez-la d'abord."
OFF_LIST = "Phase d'essai : cette personne n'est pas sur la liste d'essai."
NOT_OUT = "Cette personne n'a pas été retirée : il n'y a pas à la réadmettre."


@dataclass(frozen=True, slots=True)
class MadeLink:
    """Shown once, then nobody can read it again. `code` is for whoever has no telephone."""

    link: SigningLink
    member: Member
    token: str
    code: str = ""


SERVICE = "service"
"""Who makes the links of reminders."""


async def take_back(tx: Transaction, member: MemberId, now: datetime) -> bool:
    """Whether a link was open; it is no longer."""
    last = await tx.signing_links.latest(member)
    link = await tx.signing_links.hold(last.digest) if last is not None else None
    if link is None or link.state(now) not in ("open", "locked"):
        return False
    await tx.signing_links.save(replace(link, revoked_at=now))
    return True


@dataclass(frozen=True, slots=True)
class SigningLinks:
    """Links of the mairie's own land."""

    store: Store
    clock: Clock
    new_id: NewId
    world: World
    texts: bool  # whether the service has a gateway for SMS

    async def make(self, visitor: Visitor, member: MemberId) -> MadeLink | None:
        """Earlier links of that person stop working. Somebody of another territory is nobody.

        Raises NotAllowed, InvalidTransition for whoever was put out, or PermanentFailure where
        there is no charter to sign.
        """
        return await self._made(visitor, member, Right.ENROL, readmits=False)

    async def readmit(self, visitor: Visitor, member: MemberId) -> MadeLink | None:
        """The same for whoever was put out: they take part again once they have signed by it.

        Raises NotAllowed, InvalidTransition for anybody else, or PermanentFailure.
        """
        return await self._made(visitor, member, Right.REVOKE, readmits=True)

    async def _made(
        self, visitor: Visitor, member: MemberId, right: Right, *, readmits: bool
    ) -> MadeLink | None:
        if not visitor.may(right):
            raise NotAllowed
        async with self.store.transaction() as tx:
            person = await tx.members.get(member)
            if person is None or not visitor.covers(person.territory):
                return None
            territory = self.world.territory_of(person)
            if territory is not None and not is_reached(person, territory):
                raise InvalidTransition(OFF_LIST)
            if await self._is_out(tx, person) != readmits:
                raise InvalidTransition(NOT_OUT if readmits else IS_OUT)
            return await self._make(tx, person, visitor.account.actor, readmits=readmits)

    async def make_as_operator(self, member: MemberId) -> MadeLink:
        """For the mairie itself, whom nobody else enrols. Raises PermanentFailure.

        Whoever was put out is let back in with `maillage sign --readmit`, not by a link.
        """
        async with self.store.transaction() as tx:
            person = await tx.members.get(member)
            if person is None:
                raise PermanentFailure("Personne inconnue du registre.")
            if await self._is_out(tx, person):
                raise PermanentFailure(NotInForce("revoked").french)
            return await self._make(tx, person, OPERATOR, readmits=False)

    async def renew(self, tx: Transaction, person: Member) -> MadeLink | None:
        """For somebody in force whose charter ends soon: a link that may go to them by message.

        None when the mairie has handed one over that waits, or a code would have to be told.
        """
        last = await tx.signing_links.latest(person.id)
        waits = last is not None and last.by != SERVICE and last.state(self.clock()) == "open"
        if waits or not await self._is_textable(tx, person):
            return None
        return await self._make(tx, person, SERVICE, readmits=False)

    async def latest(self, visitor: Visitor, member: MemberId) -> SigningLink | None:
        """The last link of somebody whom the visitor may read about; the caller saw to that."""
        if not visitor.may(Right.ENROL):
            return None
        async with self.store.transaction() as tx:
            return await tx.signing_links.latest(member)

    async def revoke(self, visitor: Visitor, member: MemberId) -> bool | None:
        """None for nobody. Raises NotAllowed, InvalidTransition when no link is open."""
        if not visitor.may(Right.ENROL):
            raise NotAllowed
        now = self.clock()
        async with self.store.transaction() as tx:
            person = await tx.members.get(member)
            if person is None or not visitor.covers(person.territory):
                return None
            if not await take_back(tx, member, now):
                raise InvalidTransition("Aucun lien de signature n'est ouvert.")
            await tx.acts.append(
                Act(
                    visitor.account.actor,
                    "charter.unlink",
                    member,
                    now,
                    territory=person.territory,
                )
            )
        return True

    async def _make(self, tx: Transaction, person: Member, by: str, *, readmits: bool) -> MadeLink:
        if self.world.charter_for(person) is None:
            raise PermanentFailure("Aucune charte à signer pour ce territoire.")
        now, token = self.clock(), new_token(self.new_id)
        link = SigningLink(
            digest=digest(token),
            member=person.id,
            by=by,
            made_at=now,
            until=now + LINK_LASTS,
            readmits=readmits,
        )
        code = ""
        if not await self._is_textable(tx, person):
            code = six_digits(new_token(self.new_id))
            known = Code(code_digest(token, code), link.until)
            link = replace(link, handed=True, code=known)
        await tx.signing_links.add(link)
        await tx.acts.append(Act(by, "charter.link", person.id, now, territory=person.territory))
        if readmits:
            await tx.acts.append(
                Act(by, "readmit.offer", person.id, now, territory=person.territory)
            )
        return MadeLink(link, person, token, code)

    async def _is_out(self, tx: Transaction, person: Member) -> bool:
        """Put out by the mairie: signing again is coming back, which it must want."""
        latest = await tx.signatures.latest(person.id)
        return latest is not None and latest.revoked_at is not None

    async def _is_textable(self, tx: Transaction, person: Member) -> bool:
        """A number that said STOP is sent nothing, not even this."""
        if not self.texts or person.phone is None:
            return False
        known = await tx.telephone.consents.of(person.phone)
        return known is None or not known.refuses
