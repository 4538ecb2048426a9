"""A sheet under way says nothing to whoever reads the tables, and leaves nothing after a day."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.store_builders import NOON, a_merchant

from appservice.domain.console.sheet import (
    KEPT,
    Fault,
    Findings,
    Line,
    Remark,
    Sheet,
    SheetId,
    Stage,
)
from appservice.domain.ids import MemberId
from appservice.store.postgres import PgStore
from appservice.store.vault import BrokenSeal

SECRETS = ("Kervadec", "Tabac de la Gare", "73282932000074", "33612345678", "Jumelle")
PERSON = replace(a_merchant(""), siret="73282932000074", phone="+33612345678", trained=NOON.date())
FINDINGS = Findings(
    (Fault(3, "phone", "Kervadec"),), 1, (Remark(2, "Léa Kervadec", "Jumelle"),), 1
)
SHEET = Sheet(SheetId("s1"), "liffre", MemberId("m1"), NOON, 2, findings=FINDINGS)


async def fill(store: PgStore) -> None:
    async with store.transaction() as tx:
        await tx.console.sheets.save(SHEET)
        await tx.console.sheets.put(SHEET, 0, [Line(2, PERSON)])
        await tx.console.sheets.put(SHEET, 1, [Line(3, PERSON)])


async def test_lines_and_findings_are_sealed_each_in_its_place(store: PgStore, sql):
    await fill(store)
    rows = [
        *await sql.fetch("SELECT * FROM sheets"),
        *await sql.fetch("SELECT * FROM sheet_parts"),
    ]
    assert len(rows) == 3
    text = " ".join(str(list(row.values())) for row in rows)
    for secret in SECRETS:
        assert secret not in text
    await sql.execute(
        "UPDATE sheet_parts a SET sealed = b.sealed FROM sheet_parts b WHERE a.number <> b.number"
    )
    async with store.transaction() as tx:
        with pytest.raises(BrokenSeal):
            await tx.console.sheets.part(SHEET, 0)


async def test_an_enrolled_sheet_keeps_no_line(store: PgStore, sql):
    await fill(store)
    async with store.transaction() as tx:
        await tx.console.sheets.save(replace(SHEET, stage=Stage.ENROLLED))
    assert await sql.fetchval("SELECT count(*) FROM sheet_parts") == 0


async def test_after_a_day_nothing_is_left_nor_opens(store: PgStore, sql):
    await fill(store)
    await store.purge(NOON + KEPT - timedelta(seconds=1))
    assert await sql.fetchval("SELECT count(*) FROM sheets") == 1
    await store.purge(NOON + KEPT)
    for table in ("sheets", "sheet_parts", "data_keys"):
        assert await sql.fetchval(f"SELECT count(*) FROM {table}") == 0
    async with store.transaction() as tx:
        assert await tx.console.sheets.unfinished() == []
