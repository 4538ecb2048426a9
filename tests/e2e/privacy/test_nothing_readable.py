"""After a day of traffic nobody reads a word, a name or a number anywhere but on phones."""

import os
import re
from pathlib import Path

import pytest
from support.fault_stage import PATIENCE, Town, until
from support.leaks import Search, as_bytes, files_under, tables

from appservice.demo.people import BRETAGNE, MANTES
from appservice.demo.story.checks import broken_window
from appservice.domain.room import Kind
from appservice.files.world import load_world, shipped_paths

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PLATE = "FX-418-QD"
REPORT = f"Devanture zinguée enfoncée, camionnette {PLATE} vue deux fois, orphéon volé"
BY_SMS = "Vitrine du celtique fracassée, juke-box emporté"
BY_SIGNAL = "Vol de douze gourmettes chez moi hier à 9 h 41, vitrine cassée"
EXCHANGE = "Vol de trois sautoirs chez moi hier à 8 h 13, serrure percée"
ACCUSED = "C'est le cousin de la mercière, un type louche"
STRANGER = "Je voudrais recevoir les alertes du quartier des tanneurs"

# What stays on phones and in the hands of whoever runs the demonstration.
PHONES = ("signal-phones", "basic-phones", "element/", "accounts.", "demo.json")
JPEG = b"\xff\xd8\xff"
ON_PAPER = ("seed.yaml", "venu")  # what the mairie typed in


async def a_day(town: Town) -> list[str]:
    """A bit of everything; the words that were written."""
    cast = town.cast
    alert = await town.publishes()
    await until(lambda: not town.missing(alert), "l'alerte chez chacun")
    corrected = town.fact()
    number = await town.number(alert)
    await cast.elements["kerboul"].say(town.poste, f"corrige A{number} : {corrected}")
    await cast.receives("riou", corrected, 1, PATIENCE)
    mantes = cast.scenery.room(Kind.POSTE, MANTES)
    aurore, salvi = cast.elements["aurore"], cast.elements["salvi"]
    await aurore.say(cast.guichet("aurore"), REPORT)
    await cast.receives("salvi", REPORT, 1, PATIENCE)
    await aurore.send_photo(cast.guichet("aurore"), broken_window(), "zinguerie.jpg")
    await until(
        lambda: any(s.kind == "m.image" for s in salvi.timeline(mantes)), "la photo au poste"
    )
    held = "Vol à l'étalage hier à 10 h 17 dans une bijouterie du centre."
    await salvi.say(mantes, f"alerte bijoutiers Mantes-la-Jolie : {held}")
    await cast.receives("perrin", held, 2, PATIENCE)  # the officer's own line, and the card
    room = cast.scenery.room(Kind.ECHANGES, MANTES, "bijoutiers")
    group = cast.scenery.group(Kind.ECHANGES, MANTES, "bijoutiers")
    await aurore.say(room, EXCHANGE)
    await cast.receives("fabre", EXCHANGE, 1, PATIENCE)
    await aurore.say(room, ACCUSED)
    await aurore.reads("Votre message a été retiré", PATIENCE)
    town.stage.signal.world.say(cast.aci("fabre"), BY_SIGNAL, group=group)
    await aurore.reads(BY_SIGNAL, PATIENCE)
    town.stage.kannel.say(cast.people["riou"].number, BY_SMS)
    await cast.receives("kerboul", BY_SMS, 1, PATIENCE)
    town.stage.kannel.say("+33639980077", STRANGER)
    await cast.maillage("members")
    await cast.maillage("plan")
    await town.stage.settle()
    return [alert, corrected, REPORT, held, EXCHANGE, ACCUSED, BY_SIGNAL, BY_SMS, STRANGER]


def words_of(town: Town, texts: list[str]) -> set[str]:
    """The telling words of these texts: long, in the name or topic of no room, in no charter."""
    rooms = town.cast.scenery.wanted.values()
    public = " ".join(f"{room.name} {room.topic} {room.key}" for room in rooms)
    public += " ".join(charter.text for charter in load_world(shipped_paths()).charters.values())
    words = {word for text in texts for word in re.findall(r"[\w-]{5,}", text)}
    return {word for word in words if word.lower() not in public.lower()}


def people_in(town: Town) -> set[str]:
    """Names, shops, numbers and accounts, as they are written and as they might be stored."""
    found = {PLATE, PLATE.replace("-", ""), "+33639980077", "639980077"}
    for person in town.cast.people.values():
        found |= {person.name, person.shop} - {""}
        if person.number:
            found |= {person.number.removeprefix("+33"), f"0{person.number[3:]}"}
        if "signal" in person.channels:
            found.add(town.cast.aci(person.key))
    return found


def none(search: Search, content: bytes, where: str) -> None:
    found = search.found(content)
    assert found == "", where


def read(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.acceptance("S0-08")
async def test_nothing_that_was_said_is_readable(town: Town, tmp_path: Path) -> None:
    texts = await a_day(town)
    words = [*texts, *words_of(town, texts), *people_in(town), "Telephone de Lucie", "zinguerie"]
    search, stage = Search(words), town.stage

    # The search finds what is there: names of rooms, and what lies on the phones.
    ours, theirs = (
        await tables(stage.postgres.dsn("maillage")),
        await tables(stage.postgres.dsn("synapse")),
    )
    assert Search([MANTES]).found(as_bytes(ours["rooms"]))
    everything = b"\n".join(as_bytes(rows) for rows in theirs.values())
    assert Search(["Poste - Mantes-la-Jolie"]).found(everything)
    phones = stage.state / "signal-phones.json"
    assert search.found(phones.read_bytes())

    for name, database in (("maillage", ours), ("synapse", theirs)):
        for table, rows in database.items():
            none(search, as_bytes(rows), f"{name}.{table}")

    # What tables no longer show may still lie in PostgreSQL's files and logs.
    without = (*PHONES, *ON_PAPER)
    for path, content in files_under(stage.state, without):
        none(search, content, str(path))
        assert content[:3] != JPEG, f"a picture lies open in {path}"


async def test_secrets_show_nowhere(town: Town) -> None:
    stage = town.stage
    assert stage.service is not None
    keys = {
        line.split()[-1]
        for path in (stage.state / "keys").rglob("*.key")
        for line in path.read_text("ascii").splitlines()
        if line
    }
    recovery = (stage.state / "keys" / "recovery.key").read_text("ascii").strip()
    secrets = {
        *keys,
        recovery,
        stage.homeserver.as_token,
        stage.homeserver.hs_token,
        stage.kannel._user[1],
        (stage.state / "kannel.secret").read_text("ascii"),
        *(account.password for account in town.cast.accounts.values()),
        *(account.access_token for account in town.cast.accounts.values()),
    }
    search = Search(secrets)
    for pid in (stage.service.process.pid, stage.homeserver.pid, stage.postgres.pid):
        for name in ("cmdline", "environ"):
            shown = read(Path(f"/proc/{pid}/{name}"))
            none(search, shown, f"{name} of {pid}")
    for path, content in files_under(stage.state, ("element/", "accounts.", "demo.json")):
        if path.suffix in {".log", ".out"} or path.name in {"orders.json", "maillage.yaml"}:
            none(search, content, str(path))
    held = {path.name: path.stat().st_mode for path in (stage.state / "keys").rglob("*.key")}
    five = {"signing.key", "master.key", "index.key", "pickle.key", "recovery.key"}
    assert set(held) == five | {f"{territory}.key" for territory in (BRETAGNE, MANTES)}
    assert {name: mode & 0o077 for name, mode in held.items()} == dict.fromkeys(held, 0)


async def test_the_service_leaves_no_file_behind(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", "TMP", "TEMP", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.setitem(os.environ, name, str(tmp_path))
    await town.stage.stop_service()
    await town.stage.restart_service()
    await town.cast.elements["aurore"].send_photo(
        town.cast.guichet("aurore"), broken_window(), "devanture.jpg"
    )
    await town.stage.settle()
    text = await town.publishes()
    await town.each_has_it_or_an_officer_knows(text)
    assert list(files_under(tmp_path, ())) == []
