"""Alerts by stage, in SQL. Text and reason are sealed under `case:A<number>`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from asyncpg import Record

from appservice.domain.alert import (
    Alert,
    Cancelled,
    Held,
    Published,
    Stage,
    StageName,
    Turned,
    name_of,
)
from appservice.domain.audience import Audience
from appservice.domain.ids import AlertId, MemberId, TradeId
from appservice.store.members import zone_from
from appservice.store.session import Session
from appservice.store.vault import DataKey, open_text

SEALED = "alerts.sealed"
REASON = "alerts.sealed_reason"


class PgAlerts:
    """Implements `ports.Alerts`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def open(self, alert: Alert) -> Alert:
        row = await self._session.row(NEXT)
        assert row is not None  # noqa: S101 - a sequence always answers
        numbered = replace(alert, id=AlertId(row["id"]))
        key = await self._session.key(case_of(numbered.id), alert.territory)
        await self._session.run(
            OPEN,
            numbered.id,
            alert.author,
            alert.territory,
            str(alert.audience.zone),
            sorted(alert.audience.trades),
            alert.submitted_at,
            alert.urgent,
            *_written(alert, key),
        )
        return numbered

    async def get(self, alert: AlertId) -> Alert | None:
        row = await self._session.row(GET, alert)
        if row is None:
            return None
        owner = case_of(alert)
        return _alert(row, (await self._session.keys([owner])).get(owner))

    async def advance(self, alert: Alert, expected: StageName) -> bool:
        key = await self._session.key(case_of(alert.id), alert.territory)
        row = await self._session.row(ADVANCE, alert.id, expected, *_written(alert, key))
        return row is not None

    async def hasten(self, alert: AlertId) -> bool:
        return await self._session.row(HASTEN, alert) is not None

    async def recent(self, since: datetime) -> Sequence[Alert]:
        return await self._opened(await self._session.rows(RECENT, since))

    async def of(
        self, territory: str, limit: int, before: AlertId | None = None, stage: str = ""
    ) -> Sequence[Alert]:
        return await self._opened(await self._session.rows(OF, territory, limit, before, stage))

    async def _opened(self, rows: Sequence[Record]) -> list[Alert]:
        keys = await self._session.keys(case_of(row["id"]) for row in rows)
        return [_alert(row, keys.get(case_of(row["id"]))) for row in rows]


def case_of(alert: AlertId) -> str:
    """The owner of everything that is sealed for that alert."""
    return f"case:A{alert}"


def _written(alert: Alert, key: DataKey) -> tuple[object, ...]:
    """Text, policy, then the columns of the stage."""
    return (
        key.seal(SEALED, alert.text.encode()),
        alert.policy_hash,
        name_of(alert.stage),
        *_columns(alert.stage, key),
    )


def _columns(stage: Stage, key: DataKey) -> tuple[object, ...]:
    """Rules, decided by, decided at, reason, approved by, revision."""
    match stage:
        case Held(rules):
            return (list(rules), None, None, None, None, None)
        case Turned(by, at, reason):
            return (None, by, at, key.seal(REASON, reason.encode()), None, None)
        case Published(at, approved_by, revision):
            return (None, None, at, None, approved_by, revision)
        case Cancelled(by, at, revision):
            return (None, by, at, None, None, revision)
        case _:
            assert_never(stage)


def _alert(row: Record, key: DataKey | None) -> Alert:
    trades = frozenset(TradeId(trade) for trade in row["trades"])
    return Alert(
        id=AlertId(row["id"]),
        author=MemberId(row["author"]),
        territory=row["territory"],
        audience=Audience(zone_from(row["zone"]), trades),
        text=open_text(key, SEALED, row["sealed"]),
        submitted_at=row["submitted_at"],
        policy_hash=row["policy_hash"],
        stage=_stage(row, key),
        urgent=row["urgent"],
    )


def _stage(row: Record, key: DataKey | None) -> Stage:
    name: StageName = row["stage"]
    match name:
        case "held":
            return Held(tuple(row["rules"]))
        case "turned":
            reason = open_text(key, REASON, row["sealed_reason"])
            return Turned(MemberId(row["decided_by"]), row["decided_at"], reason)
        case "published":
            return Published(row["decided_at"], row["approved_by"], row["revision"])
        case "cancelled":
            return Cancelled(MemberId(row["decided_by"]), row["decided_at"], row["revision"])
        case _:
            assert_never(name)


# The number is known before the text is sealed, for the text is sealed under that number.
NEXT = "SELECT nextval(pg_get_serial_sequence('alerts', 'id')) AS id"
OPEN = """
INSERT INTO alerts (id, author, territory, zone, trades, submitted_at, urgent, sealed, policy_hash,
    stage, rules, decided_by, decided_at, sealed_reason, approved_by, revision)
OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""
GET = "SELECT * FROM alerts WHERE id = $1"
# A correction follows the revision that its author read, and a cancellation takes that one back.
ADVANCE = """
UPDATE alerts SET sealed = $3, policy_hash = $4, stage = $5, rules = $6, decided_by = $7,
    decided_at = $8, sealed_reason = $9, approved_by = $10, revision = $11
WHERE id = $1 AND stage = $2
    AND (revision IS NULL OR $5 NOT IN ('published', 'cancelled')
         OR revision = $11 - CASE $5 WHEN 'published' THEN 1 ELSE 0 END)
RETURNING id
"""
HASTEN = "UPDATE alerts SET urgent = TRUE WHERE id = $1 AND NOT urgent RETURNING id"
RECENT = "SELECT * FROM alerts WHERE submitted_at >= $1 ORDER BY id"
OF = """
SELECT * FROM alerts
WHERE territory = $1 AND ($3::bigint IS NULL OR id < $3) AND ($4 = '' OR stage = $4)
ORDER BY id DESC LIMIT $2
"""
