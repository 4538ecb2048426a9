"""Names stay sealed though they are looked for; whoever was there before can be looked for too."""

from dataclasses import replace

from support.store_builders import NOON, a_merchant

from appservice.domain.console.search import Search, asked
from appservice.domain.ids import MemberId
from appservice.store.postgres import PgStore
from appservice.store.register import directory


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
    assert await store.index_names() == 4
    assert await found(store, "kervadec") == ["m1", "m2", "m3", "m4"]
    assert await store.index_names() == 0


async def test_an_erased_member_is_not_found_any_more(store: PgStore, sql):
    await save(store, "m1")
    await store.shred(MemberId("m1"))
    assert await found(store, "kervadec") == []
    assert await sql.fetchval("SELECT count(*) FROM members WHERE words IS NOT NULL") == 0
