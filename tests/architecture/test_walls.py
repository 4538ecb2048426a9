"""Walls that import-linter can't see: where SQL, clocks and unfinished work may stand."""

import re
from pathlib import Path

import pytest

from appservice.store.migrate import migrations

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = sorted(p for top in ("appservice", "bridges") for p in (ROOT / top).rglob("*.py"))
TRACKED = [
    p
    for p in ROOT.rglob("*")
    if p.is_file()
    and p.suffix
    in {".py", ".md", ".yaml", ".yml", ".toml", ".sql", ".html", ".css", ".js", ".mjs"}
    and not {".venv", "node_modules", ".git", ".state"} & set(p.relative_to(ROOT).parts)
]
SQL = re.compile(r"\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
MACHINE = re.compile(r"(?<![\w.])/(root|home)/\w")


def mentions(pattern: re.Pattern[str], path: Path) -> list[int]:
    text = path.read_text(encoding="utf-8")
    return [n for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


@pytest.mark.parametrize("path", PRODUCT, ids=lambda p: str(p.relative_to(ROOT)))
def test_sql_lives_in_store_only(path):
    inside = path.relative_to(ROOT).parts[:2] == ("appservice", "store")
    # The demo creates the databases that the store then fills; crypto tables are mautrix's own;
    # a bench's floor is what there would be without our store.
    # gammu-smsd is spoken to through its tables.
    demo, bench = path.match("appservice/demo/database.py"), "bench" in path.parts
    exempt = inside or demo or bench or "crypto" in path.parts or path.name == "gammu_tables.py"
    assert exempt or mentions(SQL, path) == []


@pytest.mark.parametrize("path", PRODUCT, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_left_unfinished(path):
    assert mentions(UNFINISHED, path) == []


@pytest.mark.parametrize("path", TRACKED, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_path_of_a_machine_is_written_down(path):
    assert mentions(MACHINE, path) == [] or path == Path(__file__)


def test_migrations_follow_each_other():
    numbers = [migration.version for migration in migrations()]
    assert numbers == list(range(1, len(numbers) + 1)), "two people took the same number"


def test_libolm_is_nowhere_in_the_environment():
    import importlib.metadata

    names = {d.metadata["Name"].lower() for d in importlib.metadata.distributions()}
    assert names.isdisjoint({"python-olm", "olm"})
