"""The audit chain: one chain whoever appends, and any tampering is told offline."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import asyncpg
import pytest
from support.store_builders import NOON, HandClock, a_merchant

from appservice.domain.audit import Act, Checkpoint, Entry
from appservice.files.keys import Keys, make_keys
from appservice.store.audit import read_export, verify
from appservice.store.postgres import PgStore

PARIS = timezone(timedelta(hours=1))


def act(number: int, at: datetime = NOON) -> Act:
    return Act("m1", "report", f"S{number}", at, ("suspicion", "é"))


async def append(store: PgStore, *acts: Act) -> None:
    async with store.transaction() as tx:
        for one in acts:
            await tx.acts.append(one)


async def exported(store: PgStore) -> tuple[list[Entry], list[Checkpoint]]:
    return read_export([line async for line in store.audit.export()])


async def a_log(store: PgStore, keys: Keys) -> tuple[list[Entry], list[Checkpoint]]:
    """Six acts and two checkpoints."""
    for number in range(1, 7):
        await append(store, act(number, NOON.astimezone(PARIS)))
        if number in (3, 6):
            assert await store.audit.checkpoint(keys, NOON + timedelta(minutes=number))
    return await exported(store)


async def test_what_was_done_comes_back_and_holds(store: PgStore, keys: Keys) -> None:
    entries, points = await a_log(store, keys)
    assert [entry.act for entry in entries] == [act(number) for number in range(1, 7)]
    assert [point.number for point in points] == [3, 6]
    assert verify(entries, points, keys.public_key_b64) == []
    assert verify(entries, points, keys.public_key_b64 + "=") == []


async def test_acts_of_processes_at_once_make_one_chain(make_store: Any, keys: Keys) -> None:
    processes = [await make_store() for _ in range(3)]
    await asyncio.gather(
        *(append(processes[number % 3], act(number), act(number + 100)) for number in range(30))
    )
    entries, points = await exported(processes[0])
    assert len(entries) == 60
    assert verify(entries, points, keys.public_key_b64) == []


async def test_an_act_of_a_failed_transaction_is_not_in_the_chain(store: PgStore) -> None:
    class Oops(Exception):
        pass

    async def fail() -> None:
        async with store.transaction() as tx:
            await tx.acts.append(act(1))
            raise Oops

    with pytest.raises(Oops):
        await fail()
    await append(store, act(2))
    entries, _ = await exported(store)
    assert [entry.act for entry in entries] == [act(2)]


async def test_a_checkpoint_is_made_when_there_is_something_new(
    store: PgStore, keys: Keys
) -> None:
    assert await store.audit.checkpoint(keys, NOON) is None
    await append(store, act(1))
    assert await store.audit.checkpoint(keys, NOON) is not None
    assert await store.audit.checkpoint(keys, NOON) is None


async def test_an_empty_log_holds(store: PgStore, keys: Keys) -> None:
    entries, points = await exported(store)
    assert verify(entries, points, keys.public_key_b64) == []


async def test_forgotten_acts_leave_a_chain_that_holds(
    store: PgStore, keys: Keys, sql: asyncpg.Connection
) -> None:
    await append(store, act(1), act(2, NOON + timedelta(days=400)))
    await store.audit.checkpoint(keys, NOON)
    await store.audit.forget(NOON + timedelta(days=365))
    entries, points = await exported(store)
    assert [entry.act for entry in entries] == [None, act(2, NOON + timedelta(days=400))]
    assert verify(entries, points, keys.public_key_b64) == []
    first = await sql.fetchrow("SELECT at, actor, salt FROM audit_entries WHERE number = 1")
    assert tuple(first) == (None, None, None)


def _drop(entries: list[Entry], number: int) -> list[Entry]:
    return [entry for entry in entries if entry.number != number]


async def test_every_tampering_is_told(store: PgStore, keys: Keys) -> None:
    entries, points = await a_log(store, keys)
    second = entries[1]
    assert second.act is not None
    forged_act = replace(second, act=replace(second.act, actor="m2"))
    forged_salt = replace(second, salt="sel")
    forged_hash = replace(second, commitment="0" * 64, act=None, salt=None)
    swapped = [entries[1], entries[0], *entries[2:]]
    cases = {
        "acte a été modifié": ([entries[0], forged_act, *entries[2:]], points),
        "l'acte a été modifié": ([entries[0], forged_salt, *entries[2:]], points),
        "empreinte fausse": ([entries[0], forged_hash, *entries[2:]], points),
        "Entrée 2 : absente": (_drop(entries, 2), points),
        "Entrée 1 : absente": (swapped, points),
        "tronqué": (entries[:-1], points),
        "signature fausse": (entries, [points[0], replace(points[1], at=NOON)]),
        "Point de contrôle 6 : signature fausse": (
            entries,
            [points[0], replace(points[1], seal="é")],
        ),
    }
    for told, (some, signed) in cases.items():
        found = verify(some, signed, keys.public_key_b64)
        assert any(told in fault for fault in found), (told, found)


async def test_a_chain_made_anew_does_not_match_what_was_signed(
    store: PgStore, make_store: Any, keys: Keys, sql: asyncpg.Connection
) -> None:
    _, points = await a_log(store, keys)
    await sql.execute("TRUNCATE audit_entries, audit_checkpoints")
    await append(store, *(act(number) for number in range(1, 7)))
    entries, _ = await exported(store)
    found = verify(entries, points, keys.public_key_b64)
    assert found == [
        f"Point de contrôle {number} : l'entrée n'est plus celle qui a été signée."
        for number in (3, 6)
    ]


async def test_another_key_signed_nothing(store: PgStore, keys: Keys, tmp_path: Any) -> None:
    entries, points = await a_log(store, keys)
    other = make_keys(tmp_path / "autres")
    assert len(verify(entries, points, other.public_key_b64)) == 2
    with pytest.raises(ValueError, match="base64 attendu"):
        verify(entries, points, "pas une clé")


async def test_an_export_that_is_none(store: PgStore, keys: Keys) -> None:
    await a_log(store, keys)
    lines = [line async for line in store.audit.export()]
    assert "é" in lines[0]
    without_hash = json.dumps({key: 1 for key in json.loads(lines[1]) if key != "hash"})
    for bad in ("", "[]", "{}", '"mot"', without_hash):
        with pytest.raises(ValueError, match="Ligne 2 : illisible"):
            read_export([lines[0], bad])


async def test_long_logs_are_exported_whole(store: PgStore, clock: HandClock) -> None:
    await append(store, *(act(number) for number in range(1, 1202)))
    entries, _ = await exported(store)
    assert [entry.number for entry in entries] == list(range(1, 1202))


def of(territory: str, number: int, at: datetime = NOON) -> Act:
    return replace(act(number, at), territory=territory)


async def test_an_auditor_of_one_land_verifies_the_whole_chain_and_reads_their_own(
    store: PgStore, keys: Keys
) -> None:
    await append(store, of("mantes", 1), of("liffre", 2), act(3))
    await store.audit.checkpoint(keys, NOON)
    lines = [line async for line in store.audit.export("liffre")]
    entries, points = read_export(lines)
    assert [entry.act for entry in entries] == [None, of("liffre", 2), None]
    assert verify(entries, points, keys.public_key_b64) == []
    assert "mantes" not in "".join(lines)
    assert "S1" not in "".join(lines)
    assert [entry.act for entry in (await exported(store))[0]] == [
        of("mantes", 1), of("liffre", 2), act(3),
    ]  # fmt: skip


async def test_the_land_of_an_act_is_signed_for(store: PgStore, keys: Keys) -> None:
    await append(store, of("liffre", 1), act(2))
    entries, points = await exported(store)
    first, second = (entry.act for entry in entries)
    assert first is not None
    assert second is not None
    moved = replace(entries[0], act=replace(first, territory="mantes"))
    given = replace(entries[1], act=replace(second, territory="mantes"))
    for forged in ([moved, entries[1]], [entries[0], given]):
        [fault] = verify(forged, points, keys.public_key_b64)
        assert "l'acte a été modifié" in fault


async def test_a_destroyed_key_is_told_to_the_auditor_of_its_land(store: PgStore) -> None:
    async with store.transaction() as tx:
        await tx.members.save(a_merchant("m1"))
    await store.shred("m1", Act("service", "retention.shred", "m1", NOON))
    [entry] = (await exported(store))[0]
    assert entry.act is not None
    assert entry.act.territory == "liffre"
