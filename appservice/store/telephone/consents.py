"""What each number has answered, in SQL: numbers by their HMAC, words sealed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from asyncpg import Record

from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member
from appservice.domain.telephone.consent import (
    Agreed,
    Asked,
    Consent,
    Stage,
    StageName,
    Stopped,
    name_of,
)
from appservice.store.members import PgMembers, address_index
from appservice.store.session import Session
from appservice.store.vault import open_text

SEALED = "consents.sealed"


class PgConsents:
    """Implements `ports.Consents`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, number: str) -> Consent | None:
        row = await self._session.row(OF, self._index(number))
        if row is None:
            return None
        consent = _consent(row)
        if row["sealed"] is None or consent.member is None:
            return consent
        key = (await self._session.keys([consent.member])).get(consent.member)
        return Consent(consent.member, consent.stage, open_text(key, SEALED, row["sealed"]))

    async def advance(self, number: str, consent: Consent, expected: StageName | None) -> bool:
        session, stage = self._session, consent.stage
        sealed = None
        if consent.words and consent.member is not None:
            key = await session.key(consent.member)
            sealed = key.seal(SEALED, consent.words.encode())
        values = (
            self._index(number),
            consent.member,
            name_of(stage),
            stage.at,
            stage.reminded_at if isinstance(stage, Asked) else None,
            sealed,
        )
        if expected is None:
            return await session.row(ADD, *values) is not None
        return await session.row(ADVANCE, *values, expected) is not None

    async def held_by(
        self, members: Collection[MemberId] | None = None
    ) -> Mapping[MemberId, Consent]:
        session = self._session
        if members is None:
            rows = await session.rows(HELD)
        else:
            rows = await session.rows(HELD_BY, list(members))
        return {MemberId(row["holder"]): _consent(row) for row in rows}

    async def unasked(self) -> Sequence[Member]:
        return await self._members(UNASKED)

    async def unanswered(self, before: datetime) -> Sequence[Member]:
        return await self._members(UNANSWERED, before)

    async def silent(self, before: datetime) -> Mapping[str, int]:
        return {row["territory"]: row["n"] for row in await self._session.rows(SILENT, before)}

    async def _members(self, query: str, *values: object) -> Sequence[Member]:
        ids = [MemberId(row["id"]) for row in await self._session.rows(query, *values)]
        return list((await PgMembers(self._session).some(ids)).values()) if ids else []

    def _index(self, number: str) -> str | bytes:
        return address_index(self._session.vault, Channel.SMS, number)


def _consent(row: Record) -> Consent:
    return Consent(row["member"], _stage(row["stage"], row["at"], row["reminded_at"]))


def _stage(name: StageName, at: datetime, reminded_at: datetime | None) -> Stage:
    match name:
        case "asked":
            return Asked(at, reminded_at)
        case "agreed":
            return Agreed(at)
        case "stopped":
            return Stopped(at)


OF = "SELECT * FROM consents WHERE number_index = $1 FOR UPDATE"
ADD = """
INSERT INTO consents (number_index, member, stage, at, reminded_at, sealed)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (number_index) DO NOTHING RETURNING stage
"""
ADVANCE = """
UPDATE consents SET member = $2, stage = $3, at = $4, reminded_at = $5, sealed = $6
WHERE number_index = $1 AND stage = $7 RETURNING stage
"""
HELD = """
SELECT m.id AS holder, c.member, c.stage, c.at, c.reminded_at
FROM members m JOIN consents c ON c.number_index = m.phone_index
"""
HELD_BY = HELD + "WHERE m.id = ANY ($1)"
UNASKED = """
SELECT m.id FROM members m LEFT JOIN consents c ON c.number_index = m.phone_index
WHERE ('sms' = ANY (m.channels) OR m.sms_fallback) AND m.phone_index IS NOT NULL
    AND (c.number_index IS NULL OR (c.stage <> 'stopped' AND c.member IS DISTINCT FROM m.id))
    AND EXISTS (SELECT FROM signatures s WHERE s.member = m.id)
ORDER BY m.id
"""
UNANSWERED = """
SELECT m.id FROM consents c JOIN members m ON m.phone_index = c.number_index AND m.id = c.member
WHERE c.stage = 'asked' AND c.reminded_at IS NULL AND c.at <= $1
    AND ('sms' = ANY (m.channels) OR m.sms_fallback)
ORDER BY c.at, m.id
"""
SILENT = """
SELECT m.territory, count(*) AS n FROM consents c
JOIN members m ON m.phone_index = c.number_index AND m.id = c.member
WHERE c.stage = 'asked' AND c.reminded_at <= $1
    AND ('sms' = ANY (m.channels) OR m.sms_fallback)
GROUP BY 1 ORDER BY 1
"""
