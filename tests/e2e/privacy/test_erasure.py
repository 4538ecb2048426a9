"""Keys turn, members and cases are erased: nothing can be recovered, and the audit chain holds."""

import shutil
from pathlib import Path

import pytest
from support.fault_stage import PATIENCE, Town
from support.leaks import Rows, Search, Thief, as_bytes, tables
from support.newcomer import Newcomer

from appservice.app import clock
from appservice.files.keys import load_keys
from appservice.store.vault import Vault

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def thief(folder: Path) -> Thief:
    return Thief(Vault(load_keys(folder), clock))


def plain(folder: Path, keys_from: Rows, rows: Rows) -> bytes:
    """What these master keys, these data keys and these rows give together."""
    who = thief(folder)
    return who.reads(rows, who.data_keys(keys_from))


async def master_is_turned(town: Town) -> None:
    await town.stage.stop_service()
    turned = await town.cast.maillage("keys", "rotate")
    assert "détruite" in turned.out
    await town.stage.restart_service()


async def chain_holds(town: Town, tmp_path: Path) -> str:
    exported = await town.cast.maillage("audit", "export")
    path = tmp_path / "audit.jsonl"
    path.write_text(exported.out, "utf-8")
    key = (await town.cast.maillage("public-key")).out.strip()
    verified = await town.cast.maillage("audit", "verify", str(path), "--key", key)
    assert "la chaîne tient" in verified.err
    return exported.out


async def test_the_master_key_is_not_turned_under_a_running_service(town: Town) -> None:
    before = (town.stage.state / "keys" / "master.key").read_text("ascii")
    refused = await town.stage.maillage("keys", "rotate")
    assert refused.status == 1
    assert "arrêtez-le" in refused.err
    assert (town.stage.state / "keys" / "master.key").read_text("ascii") == before


async def test_after_a_turn_the_former_master_opens_nothing(town: Town, tmp_path: Path) -> None:
    text = await town.publishes()
    await town.each_has_it_or_an_officer_knows(text)
    keys, former = town.stage.state / "keys", tmp_path / "former"
    shutil.copytree(keys, former)
    search, dsn = Search([text]), town.stage.postgres.dsn("maillage")
    before = await tables(dsn)
    assert search.found(plain(former, before, before))
    await master_is_turned(town)
    after = await tables(dsn)
    assert thief(former).data_keys(after) == {}
    assert search.found(plain(keys, after, after))
    # A stolen backup of the database, with today's keys.
    assert thief(keys).data_keys(before) == {}
    # And everything goes on.
    again = await town.publishes()
    await town.each_has_it_or_an_officer_knows(again)
    await chain_holds(town, tmp_path)


async def test_an_erased_member_is_nowhere_any_more(town: Town, tmp_path: Path) -> None:
    newcomer = await Newcomer.at(town, "sms", "signal")
    await newcomer.enrol()
    await newcomer.sign()
    await town.plan_is_empty()
    person, cast = newcomer.person, town.cast
    report = "Serrure de la réserve crochetée, onze chevalières emportées"
    town.stage.kannel.say(person.number, report)
    await cast.receives("salvi", report, 1, PATIENCE)
    text = town.seen_at("Vol à main nue", "dans une bijouterie du centre. Vérifiez vos vitrines.")
    town.texts[text] = (person.key,)
    await town.stage.settle()
    keys, dsn = town.stage.state / "keys", town.stage.postgres.dsn("maillage")
    secrets = [person.name, person.shop, person.number.removeprefix("+33"), cast.aci(person.key)]
    search = Search([*secrets, report])
    before = await tables(dsn)
    assert search.found(plain(keys, before, before))

    said = await cast.maillage("shred", "member", person.number)
    assert "Effacé" in said.out
    await town.plan_is_empty()
    after = await tables(dsn)
    assert not search.found(plain(keys, after, after))
    # The old rows, with the keys that are left.
    assert not search.found(plain(keys, after, before))
    # Nor can a number be found by trying it.
    vault = thief(keys).vault
    traces = [vault.index("sms", person.number), vault.index("signal", cast.aci(person.key))]
    everything = b"\n".join(as_bytes(rows) for rows in after.values())
    for trace in traces:
        assert trace not in everything
        assert trace.hex().encode() not in everything
    assert await newcomer.lines() == []
    # An old backup still has the wrapped key, until the master key turns.
    assert search.found(plain(keys, before, before))
    await master_is_turned(town)
    assert not search.found(plain(keys, before, before))
    exported = await chain_holds(town, tmp_path)
    assert "shred" in exported


async def test_an_erased_case_says_nothing_any_more(town: Town, tmp_path: Path) -> None:
    text = await town.publishes()
    await town.each_has_it_or_an_officer_knows(text)
    number = await town.number(text)
    keys, dsn = town.stage.state / "keys", town.stage.postgres.dsn("maillage")
    search, before = Search([text]), await tables(dsn)
    assert search.found(plain(keys, before, before))
    await town.cast.maillage("shred", "case", f"A{number}")
    after = await tables(dsn)
    assert not search.found(plain(keys, after, after))
    assert not search.found(plain(keys, after, before))
    await chain_holds(town, tmp_path)


@pytest.mark.parametrize("name", ["B7", "A0", "7", "A7 ", "personne"])
async def test_what_is_no_case_is_not_erased(town: Town, name: str) -> None:
    refused = await town.stage.maillage("shred", "case", name)
    assert refused.status == 1
    assert "n'est ni une alerte" in refused.err
