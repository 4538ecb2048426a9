"""The delivery queue in memory, over the outbox of `memory_store`."""

import itertools
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from appservice.domain.delivery import (
    NAMELESS,
    QUIET,
    REPORTED_WITHIN,
    Claimed,
    Kind,
    Parcel,
    Settled,
    State,
    Urgency,
)
from appservice.domain.ids import ParcelId
from appservice.domain.member import Channel
from bridges.protocol import Receipt, ReceiptState
from support.memory_tables import Slip, Tables
from support.memory_turns import place_anew

_SAID = {
    ReceiptState.DELIVERED: State.DELIVERED,
    ReceiptState.READ: State.DELIVERED,
    ReceiptState.FAILED: State.FAILED,
    ReceiptState.EXPIRED: State.EXPIRED,
}


class MemoryQueue:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._tokens = itertools.count(1)
        self.holds_alerts = False

    async def claim(
        self,
        channel: Channel,
        limit: int,
        lease: timedelta,
        now: datetime,
        *,
        names: bool = False,
    ) -> Sequence[Claimed]:
        self._sweep(channel, now)
        taken: list[Claimed] = []
        for slip, turn in self._heads(channel, limit):
            slip.state, slip.turn = State.SUBMITTING, turn
            slip.attempts += 1
            slip.token = f"token-{next(self._tokens)}"
            slip.lease_until = now + lease
            slip.code = NAMELESS if names else ""
            acted_on = self._tables.slips.get(slip.parcel.replaces or "")
            provider_id = acted_on.provider_id if acted_on else None
            taken.append(Claimed(slip.id, slip.token, slip.parcel, slip.attempts, provider_id))
        return taken

    async def let_go(self, channel: Channel, now: datetime) -> None:
        for slip in self._of(channel):
            if slip.state is State.SUBMITTING:
                slip.lease_until = now
        self._sweep(channel, now)

    async def name(self, names: Sequence[tuple[Claimed, str]]) -> Collection[ParcelId]:
        ours: set[ParcelId] = set()
        for claimed, name in names:
            slip = self._by_id(claimed.id)
            if slip is None or slip.token != claimed.token or slip.state is not State.SUBMITTING:
                continue
            slip.provider_id, slip.code = name, ""
            ours.add(claimed.id)
        return ours

    async def settle(self, outcomes: Sequence[Settled]) -> Collection[ParcelId]:
        return {said.claimed.id for said in outcomes if self._settle(said)}

    def _settle(self, said: Settled) -> bool:
        slip = self._by_id(said.claimed.id)
        # A lease that ran out left UNKNOWN: the late answer knows better, unless someone decided.
        ours = slip is not None and slip.token == said.claimed.token
        if slip is None or not ours or slip.state not in (State.SUBMITTING, State.UNKNOWN):
            return False
        slip.state, slip.lease_until, slip.retry_at = said.state, None, said.retry_at
        slip.settled_at = said.at
        slip.provider_id = said.provider_id or slip.provider_id
        slip.code, slip.detail, slip.sent = said.code, said.detail, said.sent
        if said.state is not State.UNKNOWN:
            slip.token = ""
        self._match(slip.parcel.channel)
        return True

    async def receipts(self, channel: Channel, said: Sequence[Receipt], now: datetime) -> None:
        for receipt in said:
            once = (channel, receipt.provider_id, receipt.recipient, receipt.state)
            if once not in self._tables.receipts:
                self._tables.receipts[once] = None
                self._tables.unmatched[once] = receipt
            self._match(channel)

    async def renounce(self, parcel: ParcelId, now: datetime) -> None:
        slip = self._by_id(parcel)
        if slip is not None and slip.state in (State.QUEUED, State.UNKNOWN):
            slip.state, slip.code, slip.token = State.FAILED, "renounced", ""

    def state_of(self, key: str) -> State:
        return self._tables.slips[key].state

    def _match(self, channel: Channel) -> None:
        """Each receipt finds one parcel, now or when that parcel's answer has come."""
        waiting = [(once, r) for once, r in self._tables.unmatched.items() if once[0] == channel]
        for once, receipt in waiting:
            about = [slip for slip in self._of(channel) if _is_about(receipt, slip)]
            if about:
                _apply(receipt, max(about, key=lambda s: (s.is_to(receipt.recipient), s.id)))
                del self._tables.unmatched[once]

    def _of(self, channel: Channel) -> list[Slip]:
        return [s for s in self._tables.slips.values() if s.parcel.channel == channel]

    def _by_id(self, parcel: ParcelId) -> Slip | None:
        return next((s for s in self._tables.slips.values() if s.id == parcel), None)

    def _sweep(self, channel: Channel, now: datetime) -> None:
        for slip in self._of(channel):
            expires_at = slip.parcel.expires_at
            if slip.state is State.SUBMITTING and slip.lease_until and slip.lease_until <= now:
                if channel is Channel.MATRIX or slip.code == NAMELESS:
                    slip.state, slip.token = State.QUEUED, ""
                    slip.attempts -= slip.code == NAMELESS  # nobody was asked
                else:
                    slip.state, slip.code = State.UNKNOWN, "lease-ran-out"
                slip.settled_at = now
            if _is_silent(slip, now):
                slip.state, slip.code, slip.settled_at = State.UNKNOWN, "no-receipt", now
            if slip.state is State.QUEUED and expires_at is not None and expires_at <= now:
                slip.state, slip.code = State.EXPIRED, "expired"
        waited = [s for s in self._of(channel) if s.state is State.QUEUED and s.retry_at]
        due = [s for s in waited if s.retry_at is not None and s.retry_at <= now]
        place_anew(self._of(channel), due)
        self._match(channel)

    def _is_held(self, parcel: Parcel) -> bool:
        return self.holds_alerts and parcel.alert is not None and parcel.kind is not Kind.DELETE

    def _heads(self, channel: Channel, limit: int) -> list[tuple[Slip, int]]:
        """By turns, what each idle conversation would say next, and the turn it leaves by."""
        slips = self._of(channel)
        busy = {s.conversation for s in slips if s.state is State.SUBMITTING}
        queued = [s for s in slips if s.state is State.QUEUED and not self._is_held(s.parcel)]
        heads: dict[tuple[bool, str], Slip] = {}
        for slip in sorted(queued, key=lambda s: (s.urgency is not Urgency.URGENT, s.id)):
            if slip.retry_at is None or slip.code != QUIET:
                heads.setdefault(slip.conversation, slip)
        spoken: dict[ParcelId, tuple[Slip, int]] = {}
        may = [s for s in queued if s.ready and s.conversation not in busy]
        may = [s for s in may if heads[s.conversation].ready]
        for slip in sorted(may, key=lambda s: (s.urgency is not Urgency.URGENT, s.turn, s.id))[
            :limit
        ]:
            head = heads[slip.conversation]
            alike = slip.urgency is head.urgency
            _, known = spoken.get(head.id, (head, head.turn))
            spoken[head.id] = head, min(known, slip.turn) if alike else known
        return sorted(
            spoken.values(), key=lambda s: (s[0].urgency is not Urgency.URGENT, s[1], s[0].id)
        )


def _is_about(receipt: Receipt, slip: Slip) -> bool:
    """Some gateways give back our own key instead of their id."""
    sent = slip.state not in (State.QUEUED, State.SUBMITTING)
    return sent and receipt.provider_id in (slip.provider_id, slip.parcel.key)


def _apply(receipt: Receipt, slip: Slip) -> None:
    """One person of a group says nothing of the others; what was delivered stays so."""
    said = _SAID[receipt.state]
    waiting = slip.state in (State.ACCEPTED, State.UNKNOWN)
    ended = slip.state in (State.FAILED, State.EXPIRED)
    if slip.parcel.to_group or not (waiting or (ended and said is State.DELIVERED)):
        return
    slip.state, slip.code = said, receipt.code


def _is_silent(slip: Slip, now: datetime) -> bool:
    """A text that was taken, and on which no report came in time."""
    taken = slip.state is State.ACCEPTED and slip.parcel.channel is Channel.SMS
    return taken and slip.settled_at is not None and slip.settled_at <= now - REPORTED_WITHIN
