"""Signature of the charter: the text shown, signed and recorded is the same to the byte."""

import hmac
from dataclasses import dataclass, replace

from appservice.domain.audit import Act
from appservice.domain.charter import Charter, NotInForce, Signature, sign_bytes
from appservice.domain.errors import NotAllowed, PermanentFailure, Refused
from appservice.domain.ids import MemberId
from appservice.domain.member import Member
from appservice.domain.signing import Evidence
from appservice.domain.world import World
from appservice.flows.ports import Clock, Seals, Store, Transaction
from appservice.flows.telephone import consent


class TextChanged(Refused):
    """Le texte de la charte a changé depuis qu'il vous a été montré : relisez-le."""

    code = "charte-changee"


@dataclass(frozen=True, slots=True)
class Signing:
    """Shows the charter in force and records who signed it."""

    store: Store
    seals: Seals
    clock: Clock
    world: World
    time_stamps: bool = False  # whether an authority is asked for each

    async def shown_to(self, member: MemberId) -> Charter:
        """The charter that this member has to read; its `hash` comes back with the signature."""
        async with self.store.transaction() as tx:
            return self._charter(await self._member(tx, member))

    async def sign(
        self, member: MemberId, shown_hash: str, readmitted_by: str | None = None
    ) -> Signature:
        """Records the signature of the text with that hash, sealed with the service's key.

        Whoever chose SMS is asked by SMS whether they agree to it, in the same breath.
        Raises TextChanged when the text in force is no longer the one that was shown, and
        NotAllowed for whoever the mairie has put out, until it names who lets them back in.
        """
        async with self.store.transaction() as tx:
            return await self.record(tx, member, shown_hash, readmitted_by)

    async def record(
        self,
        tx: Transaction,
        member: MemberId,
        shown_hash: str,
        readmitted_by: str | None = None,
        evidence: Evidence | None = None,
    ) -> Signature:
        """As `sign`, in a transaction that does something else as well."""
        now = self.clock()
        person = await self._member(tx, member)
        charter = self._charter(person)
        if not hmac.compare_digest(shown_hash.encode(), charter.hash.encode()):
            raise TextChanged
        await self._check_not_put_out(tx, member, readmitted_by)
        unsealed = Signature(
            member=member,
            charter=charter.id,
            version=charter.version,
            text_hash=charter.hash,
            signed_at=now,
            valid_until=now + charter.valid_for,
            evidence=evidence.hash if evidence is not None else "",
        )
        signature = replace(unsealed, seal=self.seals.sign(sign_bytes(unsealed)))
        await tx.signatures.add(signature, charter, evidence)
        if self.time_stamps:
            await tx.time_stamps.ask(signature, now)
        land = person.territory
        if readmitted_by is not None:
            await tx.acts.append(Act(readmitted_by, "readmit", member, now, territory=land))
        await tx.acts.append(Act(member, "sign", charter.id, now, (charter.version,), land))
        await consent.ask(tx, self.world, person, now)
        return signature

    def verify(self, signature: Signature) -> bool:
        """Whether the record is as we sealed it (Ed25519 signatures are deterministic)."""
        return hmac.compare_digest(self.seals.sign(sign_bytes(signature)), signature.seal)

    async def _check_not_put_out(
        self, tx: Transaction, member: MemberId, readmitted_by: str | None
    ) -> None:
        latest = await tx.signatures.latest(member)
        if latest is not None and latest.revoked_at is not None and readmitted_by is None:
            raise NotAllowed(NotInForce("revoked").french)

    async def _member(self, tx: Transaction, member: MemberId) -> Member:
        person = await tx.members.get(member)
        if person is None:
            raise PermanentFailure("Personne inconnue du registre.")
        return person

    def _charter(self, member: Member) -> Charter:
        charter = self.world.charter_for(member)
        if charter is None:
            raise PermanentFailure("Aucune charte à signer pour ce territoire.")
        return charter
