"""What is kept about telephones, in memory."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from appservice.domain.delivery import QUIET, State, Urgency
from appservice.domain.ids import AlertId, MemberId, ReportId
from appservice.domain.member import Channel, Member
from appservice.domain.report import Closed
from appservice.domain.telephone.consent import Asked, Consent, StageName, name_of, needs_asking
from support.memory_tables import Tables
from support.memory_turns import place_anew


class MemoryConsents:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = tables.consents

    async def of(self, number: str) -> Consent | None:
        return self._rows.get(number)

    async def advance(self, number: str, consent: Consent, expected: StageName | None) -> bool:
        known = self._rows.get(number)
        if (name_of(known.stage) if known else None) != expected:
            return False
        self._rows[number] = consent
        return True

    async def held_by(
        self, members: Collection[MemberId] | None = None
    ) -> Mapping[MemberId, Consent]:
        return {
            member.id: replace(self._rows[member.phone], words="")
            for member in self._tables.members.values()
            if (members is None or member.id in members) and member.phone in self._rows
        }

    async def unasked(self) -> Sequence[Member]:
        signed = {signature.member for signature in self._tables.signatures.values()}
        return [
            member
            for member in self._texted()
            if member.id in signed and needs_asking(self._rows.get(member.phone or ""), member.id)
        ]

    async def unanswered(self, before: datetime) -> Sequence[Member]:
        return [m for m, asked in self._waiting() if not asked.reminded_at and asked.at <= before]

    async def silent(self, before: datetime) -> Mapping[str, int]:
        return Counter(
            member.territory
            for member, asked in self._waiting()
            if asked.reminded_at and asked.reminded_at <= before
        )

    def _texted(self) -> list[Member]:
        everyone = self._tables.members.values()
        return [m for m in everyone if m.told_by_sms]

    def _waiting(self) -> list[tuple[Member, Asked]]:
        found = ((member, self._rows.get(member.phone or "")) for member in self._texted())
        return [
            (member, consent.stage)
            for member, consent in found
            if consent and isinstance(consent.stage, Asked) and consent.member == member.id
        ]


class MemoryTexts:
    def __init__(self, tables: Tables) -> None:
        self._slips = tables.slips

    async def silence(self, number: str, now: datetime) -> int:
        waiting = [
            key
            for key, slip in self._slips.items()
            if slip.parcel.channel is Channel.SMS
            and slip.parcel.target == number
            and slip.state is State.QUEUED
        ]
        for key in waiting:
            self._slips[key] = replace(
                self._slips[key], state=State.FAILED, code="stopped", settled_at=now
            )
        return len(waiting)

    async def hurry(self, alert: AlertId) -> int:
        texts = {
            key: replace(slip)
            for key, slip in self._slips.items()
            if slip.parcel.alert == alert
            and slip.parcel.channel is Channel.SMS
            and slip.state is State.QUEUED
            and (slip.code == QUIET or slip.urgency is not Urgency.URGENT)
        }
        held = [slip for slip in texts.values() if slip.code == QUIET]
        waits = {slip.id: slip.retry_at for slip in texts.values() if slip not in held}
        for slip in texts.values():
            slip.urgency = Urgency.URGENT
        for slip in held:
            slip.code = ""
        place_anew([s for key, s in self._slips.items() if key not in texts], [*texts.values()])
        for slip in texts.values():
            slip.retry_at = waits.get(slip.id)
        self._slips.update(texts)
        return len(held)

    async def unreached(self, alert: AlertId) -> frozenset[MemberId]:
        never_left = {State.QUEUED, State.FAILED, State.EXPIRED}
        shows: dict[MemberId, bool] = {}
        for slip in self._slips.values():
            parcel = slip.parcel
            if parcel.alert != alert or parcel.channel is not Channel.SMS or not parcel.member:
                continue
            left = slip.state not in never_left or slip.provider_id is not None
            shows[parcel.member] = shows.get(parcel.member, False) or left
        return frozenset(member for member, shown in shows.items() if not shown)


class MemoryStrangers:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.strangers

    async def may_answer(
        self, channel: Channel, address: str, now: datetime, since: datetime, cap: int
    ) -> bool:
        last = self._rows.get((channel, address))
        lately = sum(at > now - timedelta(hours=1) for at in self._rows.values())
        if lately >= cap or (last is not None and last > since):
            return False
        self._rows[channel, address] = now
        return True


class MemoryThreads:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.threads
        self._reports = tables.reports

    async def ask(self, member: MemberId, report: ReportId, at: datetime) -> None:
        self._rows[member, report] = max(at, self._rows.get((member, report), at))

    async def asked(self, member: MemberId, since: datetime) -> Sequence[ReportId]:
        found = [
            (at, report)
            for (who, report), at in self._rows.items()
            if who == member and at > since and self._is_open(member, report)
        ]
        return [report for _, report in sorted(found, reverse=True)]

    def _is_open(self, member: MemberId, number: ReportId) -> bool:
        report = self._reports.get(number)
        mine = report is not None and report.author == member
        return report is not None and mine and not isinstance(report.stage, Closed)


class MemoryTelephone:
    def __init__(self, tables: Tables) -> None:
        self.consents = MemoryConsents(tables)
        self.texts = MemoryTexts(tables)
        self.strangers = MemoryStrangers(tables)
        self.threads = MemoryThreads(tables)
