"""Links to sign by, texts that were signed and evidence, in memory."""

from dataclasses import replace
from datetime import datetime

from appservice.domain.charter import Charter, Signature
from appservice.domain.ids import MemberId, UserId
from appservice.domain.signing import Arrival, Evidence, SigningLink
from support.memory_tables import Tables


class MemorySigningLinks:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.signing_links

    async def add(self, link: SigningLink) -> None:
        for digest, other in self._rows.items():
            if other.member == link.member and not (other.used_at or other.revoked_at):
                self._rows[digest] = replace(other, revoked_at=link.made_at)
        self._rows[link.digest] = link

    async def get(self, digest: bytes) -> SigningLink | None:
        return self._rows.get(digest)

    async def hold(self, digest: bytes) -> SigningLink | None:
        return self._rows.get(digest)  # a transaction in memory is alone

    async def latest(self, member: MemberId) -> SigningLink | None:
        return next((x for x in reversed(self._rows.values()) if x.member == member), None)

    async def save(self, link: SigningLink) -> None:
        self._rows[link.digest] = link


class MemoryArrivals:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.arrivals

    async def add(self, arrival: Arrival) -> None:
        await self.end(arrival.member, arrival.made_at)
        self._rows[arrival.digest] = arrival

    async def get(self, digest: bytes) -> Arrival | None:
        return self._rows.get(digest)

    async def hold(self, digest: bytes) -> Arrival | None:
        return self._rows.get(digest)  # a transaction in memory is alone

    async def save(self, arrival: Arrival) -> None:
        self._rows[arrival.digest] = arrival

    async def user_of(self, member: MemberId) -> UserId | None:
        users = (x.user for x in reversed(self._rows.values()) if x.member == member and x.user)
        return next(users, None)

    async def end(self, member: MemberId, now: datetime) -> None:
        for digest, other in self._rows.items():
            if other.member == member and other.revoked_at is None:
                self._rows[digest] = replace(other, revoked_at=now)


class MemorySignedTexts:
    """What `Signatures` keeps beside signatures."""

    def __init__(self, tables: Tables) -> None:
        self._texts = tables.signed_texts
        self._evidence = tables.evidence

    def keep(
        self, signature: Signature, charter: Charter | None, evidence: Evidence | None
    ) -> None:
        if charter is not None:
            self._texts.setdefault(charter.hash, charter)
        if evidence is not None:
            self._evidence[signature.member, signature.seal, signature.signed_at] = evidence

    async def signed_text(self, text_hash: str) -> Charter | None:
        return self._texts.get(text_hash)

    async def evidence(self, signature: Signature) -> Evidence | None:
        return self._evidence.get((signature.member, signature.seal, signature.signed_at))
