"""What one territory's key opens, on a real PostgreSQL: its own people and cases, nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.leaks import Thief, tables
from support.store_builders import NOON, HandClock, a_merchant, a_parcel, a_report, an_alert

from appservice.domain.console.sheet import Sheet, SheetId
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import AlertId, MemberId
from appservice.files.keyring.territories import FOLDER, load_territory_keys, make_territory_keys
from appservice.files.keys import Keys, load_keys
from appservice.store.vault import Vault

LIFFRE = {"m1", "case:A1", "case:S1", "sheet:s1/liffre"}
MANTES = {"m2", "case:A2", "case:S2", "sheet:s2/mantes"}


class Stolen:
    """One territory's key file, and nothing else of the folder."""

    def __init__(self, folder: Path, territory: str) -> None:
        self.master = load_territory_keys(folder)[territory]
        self.index = b"?" * 32

    def of_territories(self) -> dict[str, dict[str, bytes]]:
        return {}


async def _live(store: Any) -> None:
    async with store.transaction() as tx:
        for number, place in ((1, "liffre"), (2, "mantes")):
            member = MemberId(f"m{number}")
            changes = {"territory": place, "phone": f"+3361234567{number}"}
            await tx.members.save(replace(a_merchant(member), **changes))
            await tx.alerts.open(an_alert(territory=place, text=f"alerte de {place}"))
            await tx.reports.open(a_report(territory=place, author=member))
            parcel = a_parcel(f"p{number}", alert=AlertId(number), member=member)
            await tx.outbox.put([parcel])
            sheet = Sheet(SheetId(f"s{number}"), place, member, NOON)
            await tx.console.sheets.save(sheet)


@pytest.mark.parametrize(("place", "opened"), [("liffre", LIFFRE), ("mantes", MANTES)])
async def test_a_stolen_key_opens_its_own_territory_only(
    make_store: Any, keys: Keys, dsn: str, clock: HandClock, place: str, opened: set[str]
) -> None:
    make_territory_keys(keys.folder, ["liffre", "mantes"])
    await _live(await make_store())
    rows = await tables(dsn)
    thief = Thief(Vault(Stolen(keys.folder, place), clock))
    data_keys = thief.data_keys(rows)
    assert set(data_keys) == opened
    read = thief.reads(rows, data_keys)
    other = {"liffre": "mantes", "mantes": "liffre"}[place]
    assert f"alerte de {place}".encode() in read
    assert f"alerte de {other}".encode() not in read


async def test_a_turn_brings_what_was_sealed_before_under_its_territory(
    make_store: Any, keys: Keys, dsn: str
) -> None:
    before = await make_store()
    await _live(before)
    make_territory_keys(keys.folder, ["liffre"])
    after = await make_store()
    assert await after.rewrap() == len(LIFFRE)
    assert await after.rewrap() == 0
    masters = {row["owner"]: row["master"] for row in (await tables(dsn))["data_keys"]}
    assert {owner for owner, master in masters.items() if "/" in master} == LIFFRE
    async with after.transaction() as tx:
        assert (await tx.alerts.get(AlertId(1))).text == "alerte de liffre"


async def test_a_key_that_came_later_is_read_then(make_store: Any, keys: Keys) -> None:
    running = await make_store()
    make_territory_keys(keys.folder, ["liffre", "mantes"])
    await _live(await make_store())
    async with running.transaction() as tx:
        assert (await tx.alerts.get(AlertId(1))).text == "alerte de liffre"


async def test_a_lost_key_is_told_at_the_start(make_store: Any, keys: Keys) -> None:
    make_territory_keys(keys.folder, ["liffre", "mantes"])
    await _live(await make_store())
    (keys.folder / FOLDER / "mantes.key").unlink()
    make_territory_keys(keys.folder, ["mantes"])
    with pytest.raises(PermanentFailure, match="clé maîtresse mantes/"):
        await make_store(keys=load_keys(keys.folder))
