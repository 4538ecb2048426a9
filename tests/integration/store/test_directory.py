"""Names stay sealed though they are looked for; whoever was there before can be looked for too."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.store_builders import NOON, a_merchant

from appservice.domain.console.search import Search, asked
from appservice.domain.ids import MemberId
from appservice.domain.member import Member
from appservice.files.keys import add_master_key
from appservice.store.postgres import PgStore
from appservice.store.register import directory
from appservice.store.vault import BrokenSeal

MakeStore = Callable[..., Awaitable[PgStore]]
SIRET = "73282932000074"


async def found(store: PgStore, text: str, territory: str = "liffre") -> list[str]:
    async with store.transaction() as tx:
        wanted = Search(territory, beginnings=asked(text))
        return list((await tx.roll.find(wanted, {}, NOON, 1, 0)).people)


async def save(store: PgStore, *members: str) -> None:
    async with store.transaction() as tx:
        for member in members:
            await tx.members.save(a_merchant(member, name=f"Léa {member} Kervadec"))


async def test_the_same_name_is_written_otherwise_in_each_land_and_under_each_key(
    store: PgStore, sql
):
    await save(store, "m1", "m2")
    async with store.transaction() as tx:
        away = replace(a_merchant("m3", name="Léa m1 Kervadec"), territory="ailleurs")
        await tx.members.save(away)
    words = {row["id"]: set(row["words"]) for row in await sql.fetch("SELECT * FROM members")}
    assert words["m1"] & words["m2"], "or nobody would be found"
    assert words["m1"].isdisjoint(words["m3"]), "two stolen registers can't be laid side by side"
    text = str(await sql.fetch("SELECT words FROM members"))
    assert "kerv" not in text.lower()


async def test_who_was_enrolled_before_is_found_once_indexed(store: PgStore, sql, monkeypatch):
    monkeypatch.setattr(directory, "BATCH", 2)
    await save(store, "m1", "m2", "m3", "m4")
    await sql.execute("UPDATE members SET words = NULL")
    assert await found(store, "kervadec") == []
    assert await found(store, "") == ["m1", "m2", "m3", "m4"], "as without a search"
    assert await store.index_members() == 4
    assert await found(store, "kervadec") == ["m1", "m2", "m3", "m4"]
    assert await store.index_members() == 0


async def test_an_erased_member_is_not_found_any_more(store: PgStore, sql):
    await save(store, "m1")
    await store.shred(MemberId("m1"))
    assert await found(store, "kervadec") == []
    assert await near(store, a_merchant("m2")) == []
    assert await sql.fetchval("SELECT count(*) FROM members") == 0


async def near(store: PgStore, candidate: Member) -> list[str]:
    async with store.transaction() as tx:
        return [member.id for member in await tx.members.near([candidate])]


async def test_a_shop_is_told_again_by_marks_that_say_nothing(store: PgStore, sql):
    twin = replace(a_merchant("m1"), siret=SIRET)
    async with store.transaction() as tx:
        await tx.members.save(twin)
        await tx.members.save(replace(twin, id=MemberId("m2"), mxid=None))
        await tx.members.save(replace(twin, id=MemberId("m3"), mxid=None, territory="ailleurs"))
    marks = {row["id"]: set(row["likeness"]) for row in await sql.fetch("SELECT * FROM members")}
    assert marks["m1"] == marks["m2"]
    assert len(marks["m1"]) == 2, "one for its SIRET, one for its name in its commune"
    assert marks["m1"].isdisjoint(marks["m3"]), "two stolen registers can't be laid side by side"
    assert SIRET not in str(await sql.fetch("SELECT * FROM members"))


async def test_only_those_who_resemble_are_opened(store: PgStore, sql):
    twins = [a_merchant(f"m{n}", shop=f"Commerce {n}") for n in range(40)]
    async with store.transaction() as tx:
        for member in twins:
            await tx.members.save(member)
    await sql.execute("UPDATE members SET sealed = 'broken' WHERE id <> 'm7'")
    assert await near(store, a_merchant("x", shop="COMMERCE 7", mxid=None)) == ["m7"]


async def test_who_was_enrolled_before_resembles_once_indexed(store: PgStore, sql, monkeypatch):
    monkeypatch.setattr(directory, "BATCH", 2)
    await save(store, "m1", "m2", "m3", "m4", "m5")
    before = await sql.fetch("SELECT id, words, likeness FROM members ORDER BY id")
    await sql.execute("UPDATE members SET likeness = NULL")
    await sql.execute("UPDATE members SET sealed = 'broken' WHERE id = 'm3'")
    with pytest.raises(BrokenSeal):  # stops as a killed process does, in the middle
        await store.index_members()
    done = await sql.fetch("SELECT id FROM members WHERE likeness IS NOT NULL ORDER BY id")
    assert [row["id"] for row in done] == ["m1", "m2"]
    await sql.execute("DELETE FROM members WHERE id = 'm3'")
    assert await store.index_members() == 2, "it goes on where it was"
    after = await sql.fetch("SELECT id, words, likeness FROM members ORDER BY id")
    assert after == [row for row in before if row["id"] != "m3"]


async def test_a_new_master_key_changes_nothing_to_what_is_found(
    store: PgStore, make_store: MakeStore, tmp_path: Path
):
    await save(store, "m1")
    turned = await make_store(keys=add_master_key(tmp_path / "cles"))
    assert await turned.rewrap() > 0
    assert await near(turned, a_merchant("m2")) == ["m1"]
    assert await found(turned, "kervadec") == ["m1"]
