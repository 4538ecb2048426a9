"""Sheets of merchants under way, in SQL: lines and findings under a key of the sheet's own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from asyncpg import Record

from appservice.domain.console.sheet import (
    Fault,
    Findings,
    Line,
    Remark,
    Sheet,
    SheetId,
    Stage,
)
from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.store.session import Session

FINDINGS, LINES = "sheets.sealed", "sheet_parts.sealed"


class PgSheets:
    """Implements `ports.console.Sheets`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def save(self, sheet: Sheet) -> None:
        key = await self._session.key(_owner(sheet.id, sheet.territory), sheet.territory)
        sealed = key.seal(FINDINGS, _written(asdict(sheet.findings)))
        await self._session.run(
            SAVE, sheet.id, sheet.territory, sheet.by, sheet.at, sheet.total, sheet.stage.value,
            sheet.done, sheet.known, sealed,
        )  # fmt: skip
        if sheet.stage is Stage.ENROLLED:
            await self._session.run(EMPTY, sheet.id)

    async def put(self, sheet: Sheet, part: int, lines: Sequence[Line]) -> None:
        key = await self._session.key(_owner(sheet.id, sheet.territory), sheet.territory)
        sealed = key.seal(f"{LINES} {part}", _written([_words(line) for line in lines]))
        await self._session.run(PUT, sheet.id, part, sealed)

    async def get(self, sheet: SheetId, *, hold: bool = False) -> Sheet | None:
        row = await self._session.row(HOLD if hold else GET, sheet)
        return await self._sheet(row) if row is not None else None

    async def part(self, sheet: Sheet, part: int) -> Sequence[Line]:
        row = await self._session.row(PART, sheet.id, part)
        owner = _owner(sheet.id, sheet.territory)
        key = (await self._session.keys([owner])).get(owner)
        if row is None or key is None:
            return ()
        written = json.loads(key.open(f"{LINES} {part}", row["sealed"]))
        return [_line(words, sheet.territory) for words in written]

    async def unfinished(self) -> Sequence[Sheet]:
        found = [await self._sheet(row) for row in await self._session.rows(UNFINISHED)]
        return [sheet for sheet in found if sheet is not None]

    async def _sheet(self, row: Record) -> Sheet | None:
        owner = _owner(row["id"], row["territory"])
        key = (await self._session.keys([owner])).get(owner)
        if key is None:  # its time is over
            return None
        return Sheet(
            SheetId(row["id"]),
            row["territory"],
            MemberId(row["given_by"]),
            row["given_at"],
            row["total"],
            Stage(row["stage"]),
            row["done"],
            row["known"],
            _findings(json.loads(key.open(FINDINGS, row["sealed"]))),
        )


def _owner(sheet: str, territory: str) -> str:
    """Of the data key: the territory after a slash says whose key wraps it."""
    return f"sheet:{sheet}/{territory}"


def _written(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _findings(words: Mapping[str, Any]) -> Findings:
    return Findings(
        tuple(Fault(**fault) for fault in words["faults"]),
        words["fault_count"],
        tuple(Remark(**remark) for remark in words["remarks"]),
        words["remark_count"],
    )


_PLAIN = ("name", "shop", "commune", "mxid", "phone", "language", "siret", "sms_fallback")


def _words(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {"number": line.number, "faults": [asdict(f) for f in line.faults]}
    person = line.person
    if person is not None:
        found["person"] = {name: getattr(person, name) for name in _PLAIN} | {
            "trades": list(person.trades),
            "channels": sorted(person.channels),
            "trained": person.trained.isoformat() if person.trained is not None else None,
        }
    return found


def _line(words: Mapping[str, Any], territory: str) -> Line:
    person = words.get("person")
    faults = tuple(Fault(**fault) for fault in words["faults"])
    return Line(words["number"], _person(person, territory) if person else None, faults)


def _person(words: Mapping[str, Any], territory: str) -> Member:
    """Not yet a member: whoever is enrolled gets an id then."""
    return Member(
        id=MemberId(""),
        role=Role.MERCHANT,
        territory=territory,
        name=words["name"],
        shop=words["shop"],
        trades=tuple(TradeId(trade) for trade in words["trades"]),
        commune=Insee(words["commune"]),
        channels=frozenset(Channel(channel) for channel in words["channels"]),
        mxid=UserId(words["mxid"]) if words["mxid"] else None,
        phone=words["phone"],
        language=words["language"],
        siret=words["siret"],
        sms_fallback=words["sms_fallback"],
        trained=date.fromisoformat(day) if (day := words.get("trained")) else None,
    )


SAVE = """
INSERT INTO sheets (id, territory, given_by, given_at, total, stage, done, known, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
    given_by = excluded.given_by, total = excluded.total, stage = excluded.stage,
    done = excluded.done, known = excluded.known, sealed = excluded.sealed
"""
PUT = "INSERT INTO sheet_parts (sheet, number, sealed) VALUES ($1, $2, $3)"
EMPTY = "DELETE FROM sheet_parts WHERE sheet = $1"
GET = "SELECT * FROM sheets WHERE id = $1"
HOLD = "SELECT * FROM sheets WHERE id = $1 FOR UPDATE"
PART = "SELECT sealed FROM sheet_parts WHERE sheet = $1 AND number = $2"
UNFINISHED = """
SELECT * FROM sheets WHERE stage IN ('looking', 'ready', 'enrolling') ORDER BY given_at, id
"""
