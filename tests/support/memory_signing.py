"""Links to sign by, texts that were signed and evidence, in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from appservice.domain.charter import Charter, Signature
from appservice.domain.ids import MemberId, UserId
from appservice.domain.signing import Arrival, Claim, Evidence, SigningLink
from appservice.domain.signing.stamp import Stamp, Stamped
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


class MemoryClaims:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.claims

    async def put(self, digest: bytes, claim: Claim) -> None:
        self._rows[digest] = claim

    async def of(self, digest: bytes) -> Claim | None:
        return self._rows.get(digest)

    async def spent(self, asked_before: datetime, limit: int) -> Sequence[tuple[bytes, Claim]]:
        rows = sorted(self._rows.items(), key=lambda row: row[1].asked_at)
        return [row for row in rows if row[1].is_over or row[1].asked_at <= asked_before][:limit]

    async def forget(self, digest: bytes, claim: Claim) -> None:
        known = self._rows.get(digest)
        if known is not None and known.asked_at == claim.asked_at:
            del self._rows[digest]


class MemoryClosings:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.closings

    async def add(self, user: UserId, at: datetime) -> None:
        self._rows.setdefault(user, at)

    async def waiting(self, limit: int) -> Sequence[UserId]:
        return sorted(self._rows, key=lambda user: (self._rows[user], user))[:limit]

    async def done(self, user: UserId) -> None:
        self._rows.pop(user, None)


class MemoryTimeStamps:
    def __init__(self, tables: Tables) -> None:
        self._rows, self._members = tables.time_stamps, tables.members

    async def ask(self, signature: Signature, at: datetime) -> None:
        self._rows[signature.member, signature.seal] = (Stamp(signature, at), at)

    async def due(self, now: datetime, limit: int) -> Sequence[Stamp]:
        waiting = sorted(self._rows.values(), key=lambda row: row[1])
        found = [stamp for stamp, at in waiting if stamp.token is None and at <= now]
        return [stamp for stamp in found if stamp.signature.member in self._members][:limit]

    async def later(self, stamp: Stamp, until: datetime, code: str) -> None:
        self._change(stamp, until, lambda known: replace(known, tries=known.tries + 1, code=code))

    async def keep(self, stamp: Stamp, stamped: Stamped) -> None:
        words = {"token": stamped.token, "at": stamped.at, "authority": stamped.authority}
        self._change(stamp, stamped.at, lambda known: replace(known, code="", **words))

    async def of(self, signature: Signature) -> Stamp | None:
        found = self._rows.get((signature.member, signature.seal))
        return found[0] if found is not None and signature.member in self._members else None

    def _change(self, stamp: Stamp, until: datetime, change: Callable[[Stamp], Stamp]) -> None:
        key = (stamp.signature.member, stamp.signature.seal)
        known, _ = self._rows[key]
        if known.token is None:
            self._rows[key] = (change(known), until)


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
