"""Looks for words where none may be: tables, files, command lines. Opens what keys can open."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import re2

from appservice.store.vault import BrokenSeal, DataKey, Vault

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

# Column by column, as the store names what it seals, and whose key does.
SEALED: Mapping[str, Mapping[str, str]] = {
    "members": {"sealed": "members.sealed"},
    "alerts": {"sealed": "alerts.sealed", "sealed_reason": "alerts.sealed_reason"},
    "reports": {"sealed": "reports.sealed"},
    "blobs": {"sealed": "blobs.sealed", "sealed_name": "blobs.sealed_name"},
    "journal": {"sealed": "journal.sealed"},
    "parcels": {"sealed": "parcels.sealed"},
    "links": {"sealed": "links.sealed"},
}


def spellings(words: str) -> set[bytes]:
    """The ways in which bytes may hold these words."""
    plain = words.encode()
    found = {plain, words.encode("utf-16-le"), words.encode("utf-16-be"), plain.hex().encode()}
    found.add(json.dumps(words)[1:-1].encode())
    # In base64 the same bytes look otherwise at each of three places.
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + plain).rstrip(b"=")
        inside = whole[4 if shift else 0 : -2]
        # Fewer letters than that turn up by chance in thousands of event ids.
        if len(inside) >= 8:
            found.add(inside)
    return {spelling for spelling in found if len(spelling) >= 4}


class Search:
    """For any of these words, in any spelling, in one pass over the bytes."""

    def __init__(self, secrets: Iterable[str]) -> None:
        options = re2.Options()
        options.never_capture = True
        options.max_mem = 512 << 20
        options.encoding = re2.Options.Encoding.LATIN1
        self._spelt = {s: words for words in secrets for s in spellings(words)}
        self._pattern = re2.compile(b"|".join(map(re2.escape, self._spelt)), options)

    def found(self, content: bytes) -> str:
        """The first words that the bytes hold; empty when they hold none."""
        match = self._pattern.search(content)
        return self._spelt[match[0]] if match else ""


async def tables(dsn: str) -> Rows:
    """Every row of every table that is not PostgreSQL's own."""
    connection = await asyncpg.connect(dsn)
    try:
        names = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        return {
            table: [dict(r) for r in await connection.fetch(f'SELECT * FROM "{schema}"."{table}"')]
            for schema, table in names
        }
    finally:
        await connection.close()


def as_bytes(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """All values, one after the other; binary ones as they are."""
    parts: list[bytes] = []
    for row in rows:
        for value in row.values():
            raw = isinstance(value, bytes | memoryview)
            parts.append(bytes(value) if raw else str(value).encode())
    return b"\n".join(parts)


def files_under(folder: Path, without: Sequence[str]) -> Iterator[tuple[Path, bytes]]:
    """Every file with its bytes, except those whose path from `folder` starts like that."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and not path.is_symlink() and not name.startswith(tuple(without)):
            yield path, path.read_bytes()


@dataclass(frozen=True, slots=True)
class Thief:
    """Somebody with rows and keys: opens whatever opens."""

    vault: Vault

    def data_keys(self, rows: Rows) -> dict[str, DataKey]:
        """Those that the master keys unwrap."""
        opened: dict[str, DataKey] = {}
        for row in rows["data_keys"]:
            try:
                opened[row["owner"]] = self.vault.unwrap(**row_of_key(row))
            except BrokenSeal:
                continue
        return opened

    def reads(self, rows: Rows, keys: Mapping[str, DataKey]) -> bytes:
        """All the plain text there is to be had. A seal is bound to its owner and column."""
        return b"\n".join(
            plain
            for table, columns in SEALED.items()
            for row in rows[table]
            for column, label in columns.items()
            if row[column] is not None
            for plain in self._open(keys.get(_owner(table, row)), label, row, column, keys)
        )

    def _open(
        self,
        key: DataKey | None,
        label: str,
        row: Mapping[str, Any],
        column: str,
        keys: Mapping[str, DataKey],
    ) -> Iterator[bytes]:
        if key is None:
            return
        plain = key.open(label, bytes(row[column]))
        yield plain
        if label == "parcels.sealed" and (address := json.loads(plain).get("address")):
            reader = keys.get(row["member"])
            if reader is not None:
                yield reader.open("parcels.address", bytes.fromhex(address))


def row_of_key(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"owner": row["owner"], "master": row["master"], "wrapped": bytes(row["wrapped"])}


def _owner(table: str, row: Mapping[str, Any]) -> str:
    match table:
        case "members":
            return str(row["id"])
        case "alerts":
            return f"case:A{row['id']}"
        case "reports":
            return f"case:S{row['id']}"
        case _:
            return str(row["owner"])
