"""Applies the SQL files of `migrations/`, in order, once each, and refuses what it can't know."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from appservice.domain.errors import PermanentFailure
from appservice.store.session import CONNECT, Connection, translated

_NAME = re.compile(r"(?P<version>\d{4})_[a-z0-9_]+\.sql")
_FIRST_LINE = re.compile(r"-- (?P<version>\d{4}) \(compatible with (?P<compat>\d{4})\+\): .+\.")


class CannotMigrate(PermanentFailure):
    """La base de données ne peut pas être mise à jour."""

    code = "migration-impossible"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. Code of version `compatible` or later can live with what it does."""

    version: int
    name: str
    sql: str
    compatible: int

    @property
    def checksum(self) -> str:
        """SHA-256 of the file."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """The files that ship with this code, in order. Raises CannotMigrate for a misnamed one."""
    folder = files("appservice.store") / "migrations"
    named = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".sql"))
    read = tuple(parse(name, file.read_text(encoding="utf-8")) for name, file in named)
    if [migration.version for migration in read] != list(range(1, len(read) + 1)):
        raise CannotMigrate("Les migrations ne se suivent pas : 0001, 0002, …")
    return read


def parse(name: str, sql: str) -> Migration:
    """A file's name and first line say the same version; the line says what, and compat."""
    named, first = _NAME.fullmatch(name), _FIRST_LINE.fullmatch(sql.split("\n", 1)[0])
    if named is None:
        raise CannotMigrate(f"{name} : nom attendu NNNN_mots.sql.")
    if first is None or first["version"] != named["version"]:
        raise CannotMigrate(
            f"{name}:1 : attendu « -- {named['version']} (compatible with NNNN+): Sentence. »"
        )
    return Migration(int(named["version"]), name, sql, int(first["compat"]))


async def migrate(dsn: str, known: Sequence[Migration] | None = None) -> Sequence[Migration]:
    """Apply what is missing; returns it. Two processes at once: the second finds nothing to do.

    Raises TemporaryFailure (database out of reach) or CannotMigrate.
    """
    wanted = migrations() if known is None else known
    with translated():
        connection = await asyncpg.connect(dsn, timeout=CONNECT.total_seconds())
        try:
            async with connection.transaction():
                await connection.execute(ALONE)
                await connection.execute(LEDGER)
                missing = await pending(connection, wanted)
                for migration in missing:
                    await _apply(connection, migration)
        finally:
            await connection.close()
    return missing


async def pending(
    connection: Connection, known: Sequence[Migration] | None = None
) -> Sequence[Migration]:
    """What the database lacks. Raises CannotMigrate when it is not one that we could bring on."""
    wanted = migrations() if known is None else known
    with translated(connection):
        if await connection.fetchval(HAS_LEDGER) is None:
            return wanted
        applied = await connection.fetch(APPLIED)
    ours = {migration.version: migration for migration in wanted}
    latest = max(ours, default=0)
    for row in applied:
        migration = ours.get(row["version"])
        if migration is not None and migration.checksum != row["checksum"]:
            raise CannotMigrate(
                f"La migration {row['name']} a été modifiée après son application : "
                "une migration publiée ne change plus, ajoutez-en une."
            )
        if migration is None and row["compatible"] > latest:
            raise CannotMigrate(
                f"La base de données est plus récente que ce programme (migration {row['name']}, "
                f"programme {latest:04}) : installez la version qui l'a mise à jour."
            )
    done = {row["version"] for row in applied}
    return [migration for migration in wanted if migration.version not in done]


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        await connection.execute(migration.sql)
    except asyncpg.PostgresError as error:
        raise CannotMigrate(f"{migration.name} a échoué : {error}") from error
    await connection.execute(
        RECORD, migration.version, migration.name, migration.checksum, migration.compatible
    )


ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('maillage.migrate', 0))"
LEDGER = """
CREATE TABLE IF NOT EXISTS migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    compatible integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
HAS_LEDGER = "SELECT to_regclass('migrations')::text"
APPLIED = "SELECT version, name, checksum, compatible FROM migrations ORDER BY version"
RECORD = "INSERT INTO migrations (version, name, checksum, compatible) VALUES ($1, $2, $3, $4)"
