"""What a receipt of a signature says: for whoever has just signed, and for the mairie."""

from dataclasses import dataclass

from appservice.domain.audit import Act
from appservice.domain.charter import Charter, Signature
from appservice.domain.console import Right, Visitor
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Member
from appservice.domain.signing import Evidence
from appservice.domain.signing.stamp import Stamp
from appservice.domain.territory import Territory
from appservice.domain.world import World
from appservice.flows.charter.signer import Signer
from appservice.flows.ports import Clock, Store, Transaction


@dataclass(frozen=True, slots=True)
class Record:
    """A signature and all that goes with it. `evidence` is None when it was given at the desk."""

    member: Member
    territory: Territory
    charter: Charter  # as it was signed
    signature: Signature
    evidence: Evidence | None
    stamp: Stamp | None = None


@dataclass(frozen=True, slots=True)
class Receipts:
    """The last signature of somebody, whether or not it still holds."""

    store: Store
    clock: Clock
    world: World
    signer: Signer

    async def of_link(self, token: str) -> Record | None:
        """For an hour after the link was used. Raises LinkIsOver."""
        offered, signature = await self.signer.done(token)
        async with self.store.transaction() as tx:
            return await self._record(tx, offered.member, signature)

    async def of_member(self, visitor: Visitor, member: MemberId) -> Record | None:
        """None for who has signed nothing, and for anybody of another land. Raises NotAllowed."""
        if not visitor.may(Right.READ_REGISTER):
            raise NotAllowed
        async with self.store.transaction() as tx:
            person = await tx.members.get(member)
            if person is None or not visitor.covers(person.territory):
                return None
            signature = await tx.signatures.latest(member)
            record = await self._record(tx, person, signature) if signature else None
            if record is not None:
                who, land = visitor.account.actor, person.territory
                act = Act(who, "charter.receipt", member, self.clock(), territory=land)
                await tx.acts.append(act)
        return record

    async def _record(
        self, tx: Transaction, person: Member, signature: Signature
    ) -> Record | None:
        territory = self.world.territory_of(person)
        charter = await tx.signatures.signed_text(signature.text_hash)
        charter = charter or self._still_there(signature)
        if territory is None or charter is None:
            return None
        evidence = await tx.signatures.evidence(signature)
        stamp = await tx.time_stamps.of(signature)
        return Record(person, territory, charter, signature, evidence, stamp)

    def _still_there(self, signature: Signature) -> Charter | None:
        """Signed before texts were kept: the files hold it, unless they changed."""
        charter = self.world.charters.get(signature.charter)
        return charter if charter is not None and charter.hash == signature.text_hash else None
