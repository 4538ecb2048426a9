"""Whoever's charter ends soon is told on their channel: 30, 15 and 3 days ahead, once each."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from appservice.domain.audit import Act
from appservice.domain.charter import InForce, Signature, standing
from appservice.domain.delivery import Parcel
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Listed, Member
from appservice.domain.signing.renewal import LADDER, rung
from appservice.domain.wording import renewal as words
from appservice.domain.world import World
from appservice.flows.charter.links import SigningLinks
from appservice.flows.ports import Clock, Store, Transaction
from appservice.flows.rounds import rounds
from appservice.flows.step import private_parcel

_LOG = logging.getLogger(__name__)
_EVERY = timedelta(hours=1)
_AT_ONCE = 100  # members in one transaction
_STALE = timedelta(days=1)
"""A reminder that could not leave by then is not sent: its reader may be out meanwhile."""


@dataclass(frozen=True, slots=True)
class Reminders:
    """`url` is where the console is reached; None: people ask the mairie for their link."""

    store: Store
    clock: Clock
    world: World
    links: SigningLinks
    url: str | None

    async def watch(self, every: timedelta = _EVERY) -> None:
        """Until cancelled."""
        await rounds(self.once, every, _LOG, "reminders of charters wait")

    async def once(self) -> int:
        """One round; how many were told. What was told is known by its key."""
        now, told = self.clock(), 0
        people = await self._ending(now)
        for start in range(0, len(people), _AT_ONCE):
            async with self.store.transaction() as tx:
                for listed in await tx.roll.of(people[start : start + _AT_ONCE]):
                    told += await self._remind(tx, listed, now)
        return told

    async def _ending(self, now: datetime) -> Sequence[MemberId]:
        async with self.store.transaction() as tx:
            signatures = await tx.signatures.all_latest()
        return [member for member, signed in signatures.items() if self._ends_soon(signed, now)]

    def _ends_soon(self, signature: Signature, now: datetime) -> bool:
        """By what is signed alone; whether the person may take part is looked at later."""
        charter = self.world.charters.get(signature.charter)
        found = standing(signature, charter, now) if charter is not None else None
        return isinstance(found, InForce) and found.until <= now + max(LADDER)

    async def _remind(self, tx: Transaction, listed: Listed, now: datetime) -> bool:
        found = self.world.standing(listed, listed.signature, now)
        if not isinstance(found, InForce) or listed.signature is None:
            return False
        step = rung(listed.signature.signed_at, found.until, now)
        member = await tx.members.get(listed.id) if step is not None else None
        if step is None or member is None:
            return False
        return await self._tell(tx, member, found, step, now)

    async def _tell(
        self, tx: Transaction, member: Member, found: InForce, step: timedelta, now: datetime
    ) -> bool:
        territory, charter = self.world.territory_of(member), self.world.charter_for(member)
        until = found.until
        is_new = charter is not None and charter.version != found.version
        key = f"renewal:{member.id}:{until:%Y-%m-%d}:{step.days}"
        parcel = private_parcel(member, None, "", key)
        if territory is None or parcel is None or self.world.quiet_until(territory, now):
            return False
        if not await _may_leave(tx, parcel) or not await tx.first_time(parcel.channel, key):
            return False
        made = await self.links.renew(tx, member) if self.url is not None else None
        link = f"{self.url}/signer/{made.token}" if made is not None else ""
        body = words.reminder(territory, until, member.language, link, is_new=is_new)
        await tx.outbox.put([replace(parcel, body=body, expires_at=min(until, now + _STALE))])
        await tx.acts.append(
            Act(
                "service",
                "charter.remind",
                member.id,
                now,
                (f"days:{step.days}",),
                member.territory,
            )
        )
        return True


async def _may_leave(tx: Transaction, parcel: Parcel) -> bool:
    """Nobody is texted who has not said OUI: their mairie sees who is left in the register."""
    if parcel.channel is not Channel.SMS or parcel.member is None:
        return True
    known = await tx.telephone.consents.of(parcel.target)
    return known is not None and known.allows(parcel.member)
