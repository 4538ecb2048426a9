"""Reports by stage, in SQL. The text is sealed under `case:S<number>`."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from asyncpg import Record

from appservice.domain.ids import BlobId, MemberId, ReportId
from appservice.domain.member import Channel
from appservice.domain.report import (
    Cleared,
    Closed,
    Received,
    Report,
    Stage,
    StageName,
    Taken,
    name_of,
)
from appservice.store.session import Session
from appservice.store.vault import DataKey, open_text

SEALED = "reports.sealed"


class PgReports:
    """Implements `ports.Reports`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def open(self, report: Report) -> Report:
        row = await self._session.row(NEXT)
        assert row is not None  # noqa: S101 - a sequence always answers
        numbered = replace(report, id=ReportId(row["id"]))
        key = await self._session.key(case_of(numbered.id), report.territory)
        await self._session.run(
            OPEN,
            numbered.id,
            report.author,
            report.territory,
            report.channel.value,
            key.seal(SEALED, report.text.encode()),
            report.received_at,
            report.emergency,
            list(report.blobs),
            name_of(report.stage),
            *_columns(report.stage),
            report.leader,
        )
        return numbered

    async def get(self, report: ReportId) -> Report | None:
        return await self._one(GET, report)

    async def advance(self, report: Report, expected: StageName) -> bool:
        values = (report.id, expected, name_of(report.stage), *_columns(report.stage))
        return await self._session.row(ADVANCE, *values) is not None

    async def add_blob(self, report: ReportId, blob: BlobId) -> None:
        await self._session.run(ADD_BLOB, report, blob)

    async def open_of(self, member: MemberId, since: datetime) -> Report | None:
        return await self._one(OPEN_OF, member, since)

    async def _one(self, query: str, *values: object) -> Report | None:
        row = await self._session.row(query, *values)
        if row is None:
            return None
        owner = case_of(row["id"])
        return report_from(row, (await self._session.keys([owner])).get(owner))


def case_of(report: ReportId) -> str:
    """The owner of everything that is sealed for that report."""
    return f"case:S{report}"


def _columns(stage: Stage) -> tuple[object, ...]:
    """By whom, taken at, cleared at, founded, closed at."""
    match stage:
        case Received():
            return (None, None, None, None, None)
        case Taken(by, at):
            return (by, at, None, None, None)
        case Cleared(by, taken_at, at, founded):
            return (by, taken_at, at, founded, None)
        case Closed(by, at, founded, taken_at, cleared_at):
            return (by, taken_at, cleared_at, founded, at)
        case _:
            assert_never(stage)


def report_from(row: Record, key: DataKey | None) -> Report:
    """Without its text when the key was shredded."""
    return Report(
        id=ReportId(row["id"]),
        author=MemberId(row["author"]),
        territory=row["territory"],
        channel=Channel(row["channel"]),
        text=open_text(key, SEALED, row["sealed"]),
        received_at=row["received_at"],
        blobs=tuple(BlobId(blob) for blob in row["blobs"]),
        emergency=row["emergency"],
        stage=_stage(row),
        leader=ReportId(row["leader"]) if row["leader"] is not None else None,
    )


def _stage(row: Record) -> Stage:
    name: StageName = row["stage"]
    by, taken_at, cleared_at = row["stage_by"], row["taken_at"], row["cleared_at"]
    match name:
        case "received":
            return Received()
        case "taken":
            return Taken(by, taken_at)
        case "cleared":
            return Cleared(by, taken_at, cleared_at, row["founded"])
        case "closed":
            return Closed(by, row["closed_at"], row["founded"], taken_at, cleared_at)
        case _:
            assert_never(name)


# The number is known before the text is sealed, for the text is sealed under that number.
NEXT = "SELECT nextval(pg_get_serial_sequence('reports', 'id')) AS id"
OPEN = """
INSERT INTO reports (id, author, territory, channel, sealed, received_at, emergency, blobs,
    stage, stage_by, taken_at, cleared_at, founded, closed_at, leader)
OVERRIDING SYSTEM VALUE
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
GET = "SELECT * FROM reports WHERE id = $1"
ADVANCE = """
UPDATE reports SET stage = $3, stage_by = $4, taken_at = $5, cleared_at = $6, founded = $7,
    closed_at = $8, first_taken_at = coalesce(first_taken_at, taken_at, $5),
    first_cleared_at = coalesce(first_cleared_at, cleared_at, $6)
WHERE id = $1 AND stage = $2 RETURNING id
"""
ADD_BLOB = """
UPDATE reports SET blobs = blobs || $2::bigint WHERE id = $1 AND NOT $2 = ANY(blobs)
"""
OPEN_OF = """
SELECT * FROM reports WHERE author = $1 AND stage <> 'closed' AND received_at >= $2
ORDER BY id DESC LIMIT 1
"""
