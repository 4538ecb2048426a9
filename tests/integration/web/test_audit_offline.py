"""A day's acts, read in the console by those who may, and verified where there is no network."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from support.console import ConsoleTown, Person
from support.store_builders import HandClock, counted_ids
from support.story import ANNE, MAIRIE, MOREL, NADIA, PHOTO, POSTE, TERRITORY, Story

from appservice.domain.console import Position
from appservice.domain.member import Member
from appservice.files.keys import Keys, make_keys
from appservice.store.migrate import migrate
from appservice.store.postgres import connect

REPORT = "Un client a payé avec un faux billet de 50 € ce matin"
ROOT = str(Path(__file__).resolve().parents[3])
ALERT = "Vol constaté à Liffré"
OFFLINE = """
import socket, sys
def refused(*_): raise OSError("an auditor's machine has no network")
socket.socket.connect = socket.getaddrinfo = refused
from appservice.cli import main
sys.exit(main())
"""


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return make_keys(tmp_path / "keys")


@pytest_asyncio.fixture
async def town(
    fresh_database: Callable[[], Awaitable[str]], keys: Keys
) -> AsyncIterator[ConsoleTown]:
    """A console over the database in which a story has been played."""
    dsn = await fresh_database()
    await migrate(dsn)
    moment = Story()
    store = await connect(dsn, keys, lambda: moment.now, counted_ids())
    moment.real_store = store
    moment.__post_init__()
    await played(await moment.begin())
    opened = ConsoleTown(
        *(store, HandClock(moment.now), counted_ids(), moment.world),
        seals=keys,
        public_key=keys.public_key_b64,
    )
    yield await opened.open()
    await opened.close()
    await store.close()


async def played(story: Story) -> None:
    """Anne reports; Morel takes it and lifts the doubt; Nadia closes it; Morel alerts."""
    await story.writes(ANNE, REPORT, PHOTO)
    await story.deliver()
    await story.writes(MOREL, "prends S1", where=POSTE)
    await story.writes(MOREL, "levée S1 fondé", where=POSTE)
    await story.writes(NADIA, "clos S1", where=POSTE)
    await story.writes(MOREL, f"alerte buralistes : {ALERT}", where=POSTE)
    await story.deliver()


async def console_of(town: ConsoleTown, member: Member) -> Person:
    return await town.signed_in(member)


async def verified(folder: Path, lines: str, key: str) -> tuple[int, str]:
    """What the one command says, on a machine that has the file and the key only."""
    file = folder / "journal.jsonl"
    file.write_text(lines, "utf-8")
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OFFLINE, "audit", "verify", file.name, "--key", key),
        cwd=folder,
        env={"PYTHONPATH": ROOT, "PATH": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await program.communicate()
    return program.returncode or 0, (out + err).decode()


@pytest.mark.acceptance("S2-10")
async def test_S2_10_the_log_says_who_did_what_when_to_those_on_the_case_and_notes_each_reading(
    town: ConsoleTown,
):
    auditor = await town.outsider(Position.AUDITOR, TERRITORY.id)
    page = (await auditor.get("/journal?sujet=S1")).text
    acts = re.findall(r'<th scope="row">(.*?)</th>', page)
    assert acts == [
        "Signalement clos", "Doute levé", "Signalement pris en charge", "Signalement reçu",
    ]  # fmt: skip
    actors = re.findall(r"<small><code>(\w+)</code></small>", page)
    assert actors == [NADIA.id, MOREL.id, MOREL.id, ANNE.id]
    whole = "".join(
        [(await auditor.get(path)).text for path in ("/journal", "/journal.csv", "/journal.jsonl")]
    )
    for secret in (REPORT, "faux billet", ALERT, ANNE.name, ANNE.shop, MOREL.name, ANNE.phone):
        assert secret is not None
        assert secret not in whole

    for member, status in ((MOREL, 200), (NADIA, 200), (MAIRIE, 403)):
        assert (await (await console_of(town, member)).get("/dossier?ref=S1")).status == status
    assert (await (await console_of(town, NADIA)).get("/dossier?ref=A1")).status == 404, "not hers"
    assert (await (await console_of(town, MOREL)).get("/dossier?ref=A1")).status == 200

    readings = await auditor.get("/journal?acte=audit.read-case")
    assert re.findall(r"<td><code>(\w+)</code></td>", readings.text) == ["A1", "S1", "S1"]
    assert readings.text.count(MOREL.id) == 2
    read = (await auditor.get("/journal?acte=audit.read")).text
    assert read.count('<th scope="row">Journal lu</th>') == 3


@pytest.mark.acceptance("S2-13")
async def test_S2_13_an_auditor_verifies_the_log_offline_with_one_command(
    town: ConsoleTown, keys: Keys, tmp_path: Path
):
    auditor = await town.outsider(Position.AUDITOR, TERRITORY.id)
    page = (await auditor.get("/journal")).text
    command = re.search(r"<code>maillage audit verify journal.jsonl --key (\S+)</code>", page)
    assert command is not None
    assert command[1] == keys.public_key_b64
    lines = (await auditor.get("/journal.jsonl")).text
    code, said = await verified(tmp_path, lines, command[1])
    assert (code, "la chaîne tient" in said) == (0, True), said

    rewritten = lines.replace("report.take", "report.open", 1)
    assert rewritten != lines
    code, said = await verified(tmp_path, rewritten, command[1])
    assert (code, "l'acte a été modifié" in said) == (1, True), said
    *kept, _last_act, point = lines.splitlines()
    code, said = await verified(tmp_path, "\n".join([*kept, point]), command[1])
    assert (code, "tronqué" in said) == (1, True), said
    other = make_keys(tmp_path / "others").public_key_b64
    assert (await verified(tmp_path, lines, other))[0] == 1
    assert (await verified(tmp_path, "nothing of it", command[1]))[0] == 2
