"""A change of the protocol is numbered, told in rooms, put back; verdicts keep their version."""

import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from support.town import FINISTERE, Town

from appservice.demo.people import BRETAGNE
from appservice.domain.room import Kind

pytestmark = pytest.mark.e2e


@pytest_asyncio.fixture(loop_scope="session")
async def files(town: Town) -> AsyncIterator[dict[str, str]]:
    """What the protocol's files say; said again at the end, whatever happened."""
    world = town.stage.world
    paths = [*world.templates.rglob("*.yaml"), *world.templates.rglob("*.md")]
    paths += [*world.policies.rglob("*.yaml")]
    before = texts_of(str(path) for path in paths)
    yield before
    for path in (path for path in paths if path.read_text("utf-8") != before[str(path)]):
        path.write_text(before[str(path)], "utf-8")
    await town.restart()


def texts_of(paths: Iterable[str]) -> dict[str, str]:
    """As they are now."""
    return {path: Path(path).read_text("utf-8") for path in paths}


async def published(town: Town, minute: int) -> str:
    """An alert of Finistère; its reference."""
    text = f"Vol constaté par la gendarmerie hier à 9 h {minute} dans une boulangerie."
    room = town.poste(FINISTERE)
    said = await town.ask("cariou", room, f"alerte boulangers Quimper : {text}", "publiée")
    found = re.search(r"A\d+", said)
    assert found is not None
    return found[0]


async def policy_of(town: Town, alert: str) -> str:
    connection = await asyncpg.connect(town.stage.postgres.dsn("maillage"))
    try:
        query = "SELECT policy_hash FROM alerts WHERE id = $1"
        found: str = await connection.fetchval(query, int(alert[1:]))
    finally:
        await connection.close()
    return found


async def judged(town: Town, alert: str, version: str) -> None:
    """« état A7 » tells under which version it was judged."""
    line = f"Jugée selon le protocole {version}."
    said = await town.ask("cariou", town.poste(FINISTERE), f"état {alert}", line)
    assert said.startswith(alert), said


@pytest.mark.acceptance("S2-22")
async def test_a_change_is_versioned_announced_and_rolled_back(
    town: Town, files: dict[str, str]
) -> None:
    cast, world = town.cast, town.stage.world
    history = (await cast.maillage("protocol", "history")).out
    number = int(history[1 : history.index(" ")])
    first = await published(town, 41)
    policy = await policy_of(town, first)

    land = world.territories / "finistere.yaml"
    land.write_text(files[str(land)] + "training_required: true\n", "utf-8")
    rules = world.policies / "81-regles-refus.yaml"
    edited = re.sub(
        r"( +advice: *)\S.*", r"\1Relisez avant d'envoyer.", files[str(rules)], count=1
    )
    assert edited != files[str(rules)]
    rules.write_text(edited, "utf-8")
    told, far = town.news("nedelec"), town.news("tanguy")
    officer = town.news("cariou")
    await town.restart()
    line = f"Le protocole change : version P{number + 1}."
    trained = "Formation avant de signaler, de « non exigée » à « exigée »"
    for news in (told, officer):
        said = await news.of(line)
        assert trained in said
        assert "Modifié : Règle « " in said
        assert "la mairie de Quimper" in said
    elsewhere = await far.of(line)
    assert "Modifié : Règle « " in elsewhere
    assert "Formation" not in elsewhere, "what changes in another territory is not theirs"
    room = cast.scenery.room(Kind.ECHANGES, BRETAGNE, "buralistes")
    assert any(line in seen.text for seen in cast.elements["tanguy"].timeline(room))
    second = await published(town, 42)
    await judged(town, first, f"P{number}")
    await judged(town, second, f"P{number + 1}")
    assert await policy_of(town, first) == policy != await policy_of(town, second)

    back = await cast.maillage("protocol", "rollback", str(number))
    assert back.out == f"P{number} : 2 fichiers remis comme ils étaient.\n"
    assert texts_of(files) == files
    told = town.news("nedelec")
    await town.restart()
    said = await told.of(f"Le protocole revient à la version P{number}")
    assert f"c'est désormais la version P{number + 2}" in said
    third = await published(town, 43)
    await judged(town, third, f"P{number + 2}")
    assert await policy_of(town, third) == policy
    await judged(town, second, f"P{number + 1}")
    history = (await cast.maillage("protocol", "history")).out
    assert history.startswith(f"P{number + 2} ")
    assert f"retour à P{number}" in history.splitlines()[0]
    log = (await cast.maillage("audit", "export")).out
    assert '"protocol.rollback"' in log
    assert log.count('"protocol.change"') >= 3
    unknown = await town.stage.maillage("protocol", "rollback", "9999")
    assert unknown.status == 1
    assert "Aucune version P9999" in unknown.err
