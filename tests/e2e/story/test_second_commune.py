"""A second commune is a YAML file, a charter, a checklist: its own key, and nothing crosses."""

from pathlib import Path

import pytest
from support.leaks import Rows, Thief, tables
from support.town import PATIENCE, Town

from appservice.app import clock
from appservice.demo.child import wait_until
from appservice.demo.people import BRETAGNE, MANTES
from appservice.files.keyring.territories import FOLDER as KEYS
from appservice.files.keyring.territories import load_territory_keys
from appservice.files.legal import FOLDER as CHECKLISTS
from appservice.files.legal import ITEMS
from appservice.store.vault import Vault

pytestmark = pytest.mark.e2e

BREST = """\
id: brest
name: Brest
department: "29"
communes:
  - 29019 # Brest
poste: commune
contact: "la mairie de Brest, maillage@brest.example"
charters:
  merchant: charte-essai
  agent: charte-essai-agents
trades:
  bijoutiers: commune
"""


class Stolen:
    """One territory's key file, and nothing else of the folder."""

    def __init__(self, keys: Path, territory: str) -> None:
        self.master = load_territory_keys(keys)[territory]
        self.index = b"?" * 32

    def of_territories(self) -> dict[str, dict[str, bytes]]:
        return {}


async def rooms_of(town: Town, territory: str) -> int:
    rows = await tables(town.stage.postgres.dsn("maillage"))
    return sum(row["territory"] == territory for row in rows["rooms"])


def territories_of(rows: Rows) -> dict[str, str]:
    """Of each owner of a key: a member, a report, an alert."""
    found = {str(row["id"]): str(row["territory"]) for row in rows["members"]}
    found |= {f"case:A{row['id']}": str(row["territory"]) for row in rows["alerts"]}
    return found | {f"case:S{row['id']}": str(row["territory"]) for row in rows["reports"]}


@pytest.mark.acceptance("S2-19")
async def test_a_commune_is_added_and_nothing_is_made_before_its_checklist(town: Town) -> None:
    territories = town.stage.world.territories
    keys = town.stage.state / "keys"
    (territories / "brest.yaml").write_text(BREST, encoding="utf-8")
    checklist = territories / CHECKLISTS / "brest.yaml"
    try:
        checked = await town.stage.maillage("check")
        assert checked.status == 1
        assert "conformite/brest.yaml:1: la liste légale de « brest » manque" in checked.err
        applied = await town.cast.maillage("apply")
        assert "Brest : la liste légale est incomplète, rien n'y est créé" in applied.err
        assert "Brest" not in applied.out
        assert (keys / KEYS / "brest.key").is_file(), "its own key, as soon as it is known"

        whole = (territories / CHECKLISTS / "ille-et-vilaine.yaml").read_text("utf-8")
        checklist.write_text(whole.split("convention:")[0], encoding="utf-8")
        said = (await town.stage.maillage("check")).err
        missing = [item for item in ITEMS if f"« {item} » manque" in said]
        assert missing == ["convention", "information", "durees"]

        checklist.write_text(whole, encoding="utf-8")
        assert (await town.stage.maillage("check")).status == 0
        assert await rooms_of(town, "brest") == 0
        await town.restart()
        await town.settled()
        assert await rooms_of(town, "brest") > 3  # a space, a poste, and two of a trade
    finally:
        (territories / "brest.yaml").unlink()
        checklist.unlink(missing_ok=True)
        await town.restart()
    # Its rooms stay as they are: another service may hold them, and no plan of ours names them.
    await town.settled()


@pytest.mark.acceptance("S2-19")
async def test_no_member_report_alert_or_act_crosses(town: Town) -> None:
    cast = town.cast
    for key, room in (("tanguy", cast.guichet("tanguy")), ("aurore", cast.guichet("aurore"))):
        await cast.elements[key].say(room, "Vitrine brisée hier à 11 h 41, des montres volées")
    for who, place in (("kerboul", BRETAGNE), ("perrin", MANTES)):
        fact = "Vol par ruse constaté hier à 10 h 44 dans un commerce, faux livreur."
        await town.ask(who, town.poste(place), f"alerte tous : {fact}", "bilan")
    dsn, keys = town.stage.postgres.dsn("maillage"), town.stage.state / "keys"

    async def both() -> bool:
        rows = await tables(dsn)
        return {BRETAGNE, MANTES} <= {row["territory"] for row in rows["reports"]}

    await wait_until(both, "les deux signalements", PATIENCE)
    rows = await tables(dsn)
    home = territories_of(rows)
    assert {BRETAGNE, MANTES} <= set(home.values())
    for place in (BRETAGNE, MANTES):
        opened = Thief(Vault(Stolen(keys, place), clock)).data_keys(rows)
        cases = {owner for owner in opened if not owner.startswith("poste/")}
        assert cases == {owner for owner, where in home.items() if where == place}
    crossing = [
        (row["actor"], row["subject"])
        for row in rows["audit_entries"]
        if row["actor"] in home
        and (subject := _owner(str(row["subject"]))) in home
        and home[row["actor"]] != home[subject]
    ]
    assert crossing == []


def _owner(subject: str) -> str:
    return f"case:{subject}" if subject[:1] in "AS" and subject[1:].isdigit() else subject
