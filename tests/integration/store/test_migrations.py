"""Migrations: named, ordered, applied once, equal to schema.sql, and refused when unknown."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib.resources import files

import asyncpg
import pytest
from support.catalog import catalog
from support.store_builders import HandClock, counted_ids

from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.files.keys import Keys
from appservice.store.migrate import (
    CannotMigrate,
    Migration,
    migrate,
    migrations,
    parse,
    pending,
)
from appservice.store.postgres import connect

Fresh = Callable[[], Awaitable[str]]
NEXT = len(migrations()) + 1


def one_more(compatible: int, sql: str = "CREATE TABLE later (id int);") -> Migration:
    first = f"-- {NEXT:04} (compatible with {compatible:04}+): One more.\n"
    return parse(f"{NEXT:04}_later.sql", first + sql)


async def test_all_migrations_make_the_schema(fresh_database: Fresh) -> None:
    grown, whole = await fresh_database(), await fresh_database()
    await migrate(grown)
    connection = await asyncpg.connect(whole)
    await connection.execute((files("appservice.store") / "schema.sql").read_text())
    expected = await catalog(connection)
    await connection.close()
    connection = await asyncpg.connect(grown)
    assert await catalog(connection) == expected
    assert len(expected) > 100
    assert list(await pending(connection)) == []
    await connection.close()


async def test_migrating_twice_is_migrating_once(fresh_database: Fresh) -> None:
    dsn = await fresh_database()
    assert [one.version for one in await migrate(dsn)] == list(range(1, NEXT))
    assert list(await migrate(dsn)) == []


async def test_two_processes_migrate_at_once(fresh_database: Fresh) -> None:
    dsn = await fresh_database()
    applied = await asyncio.gather(*(migrate(dsn) for _ in range(4)))
    assert sorted(len(one) for one in applied) == [0, 0, 0, NEXT - 1]


async def test_an_edited_migration_is_refused(fresh_database: Fresh) -> None:
    dsn = await fresh_database()
    await migrate(dsn)
    first, *others = migrations()
    edited = [replace(first, sql=first.sql + "\n-- better so\n"), *others]
    with pytest.raises(CannotMigrate, match=r"0001_register\.sql a été modifiée"):
        await migrate(dsn, edited)


async def test_a_newer_database_is_refused(fresh_database: Fresh) -> None:
    dsn = await fresh_database()
    await migrate(dsn, [*migrations(), one_more(compatible=NEXT)])
    with pytest.raises(CannotMigrate, match=rf"plus récente .* {NEXT:04}_later\.sql, programme"):
        await migrate(dsn)


async def test_a_newer_database_that_older_code_can_live_with(fresh_database: Fresh) -> None:
    dsn = await fresh_database()
    await migrate(dsn, [*migrations(), one_more(compatible=NEXT - 1)])
    assert list(await migrate(dsn)) == []


async def test_a_migration_that_fails_leaves_nothing(fresh_database: Fresh) -> None:
    dsn = await fresh_database()
    broken = one_more(NEXT, sql="CREATE TABLE later (id int);\nSELECT nonsense;")
    with pytest.raises(CannotMigrate, match=r"later\.sql a échoué"):
        await migrate(dsn, [*migrations(), broken])
    connection = await asyncpg.connect(dsn)
    assert await catalog(connection) == []
    await connection.close()


async def test_the_store_refuses_a_database_that_waits(
    fresh_database: Fresh, keys: Keys, clock: HandClock
) -> None:
    dsn = await fresh_database()
    with pytest.raises(PermanentFailure, match=r"attend .* maillage migrate"):
        await connect(dsn, keys, clock, counted_ids())


async def test_a_database_that_is_not_there(
    keys: Keys, clock: HandClock, tmp_path: object
) -> None:
    nowhere = f"postgresql://maillage@/maillage?host={tmp_path}"
    with pytest.raises(TemporaryFailure, match="hors d'atteinte"):
        await migrate(nowhere)
    with pytest.raises(TemporaryFailure, match="hors d'atteinte"):
        await connect(nowhere, keys, clock, counted_ids())


@pytest.mark.parametrize("wrong", ["postgres@/nulle_part", "personne@/postgres"])
async def test_an_address_that_can_not_be_right(
    fresh_database: Fresh, keys: Keys, clock: HandClock, wrong: str
) -> None:
    host = (await fresh_database()).partition("?")[2]
    dsn = f"postgresql://{wrong}?{host}"
    with pytest.raises(PermanentFailure, match="vérifiez son adresse"):
        await connect(dsn, keys, clock, counted_ids())
    with pytest.raises(PermanentFailure, match="vérifiez son adresse"):
        await migrate(dsn)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("1_short.sql", "-- 0001 (compatible with 0001+): Short."),
        ("0001_Loud.sql", "-- 0001 (compatible with 0001+): Loud."),
        ("0002_other.sql", "-- 0001 (compatible with 0001+): Other."),
        ("0001_dumb.sql", "-- 0001: Nothing on who can live with it."),
        ("0001_no_stop.sql", "-- 0001 (compatible with 0001+): No full stop"),
        ("0001_bare.sql", "CREATE TABLE a (b int);"),
    ],
)
def test_a_file_that_does_not_say_what_it_is(name: str, first: str) -> None:
    with pytest.raises(CannotMigrate, match=name):
        parse(name, first + "\nSELECT 1;\n")


def test_no_code_is_asked_to_be_newer_than_its_migration() -> None:
    for migration in migrations():
        assert 1 <= migration.compatible <= migration.version
