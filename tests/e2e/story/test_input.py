"""Bad input: every mistake named, for the person who made it; nothing lost, nothing half done."""

from pathlib import Path

import pytest
from support.town import FINISTERE, Town

from appservice.demo.people import BRETAGNE
from appservice.domain.room import Kind

pytestmark = pytest.mark.e2e

BAD_SEED = """\
members:
  - name: Rozenn Le Bras
    role: merchant
    territory: ille-et-vilaine
    shop: Tabac Le Bras
    trades: [buralistes]
    commune: "35152"
    channels: [sms]
    phone: "06 39 98 00 61"
  - name: Ronan Morvan
    role: merchnat
    territory: ille-et-vilaine
    shop: Tabac Morvan
    trades: [poissonniers]
    commune: "35152"
    channels: [sms]
    phone: "12"
  - name: Soizic Kerleo
    role: merchant
    territory: bretagne
    channels: [pigeon]
"""


async def test_a_bad_seed_file_is_refused_line_by_line_and_nobody_is_enrolled(
    town: Town, tmp_path: Path
) -> None:
    seed = tmp_path / "liste.yaml"
    seed.write_text(BAD_SEED, encoding="utf-8")
    answer = await town.stage.maillage("enrol", str(seed))
    assert answer.status == 2
    assert answer.out == ""
    for line in (11, 17, 20, 21):
        assert f"liste.yaml:{line}:" in answer.err, answer.err
    assert "merchant" in answer.err, "what was probably meant"
    assert "Traceback" not in answer.err
    people = await town.cast.look_around()
    assert not {"Rozenn Le Bras", "Ronan Morvan"} & {m.name for m in people.members}


async def test_bad_yaml_stops_a_command_with_its_file_and_line(town: Town) -> None:
    path = town.stage.world.territories / "finistere.yaml"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before.replace("trades:", "trade:"), encoding="utf-8")
        line = before.splitlines().index("trades:") + 1
        answer = await town.stage.maillage("plan")
        assert answer.status == 2
        assert f"finistere.yaml:{line}:" in answer.err, answer.err
        assert "trades" in answer.err
        assert "Traceback" not in answer.err
    finally:
        path.write_text(before, encoding="utf-8")


async def test_the_command_line_says_in_french_what_it_refuses(town: Town, tmp_path: Path) -> None:
    nobody = await town.stage.maillage("charter", "+33639989999")
    assert (nobody.status, nobody.out) == (1, "")
    assert "n'est pas dans le registre" in nobody.err
    missing = await town.stage.maillage("enrol", str(tmp_path / "absent.yaml"))
    assert missing.status == 2
    assert "absent.yaml" in missing.err
    assert "Traceback" not in missing.err + nobody.err
    unknown = await town.stage.maillage("danser")
    assert unknown.status == 2


async def test_an_unknown_command_gets_a_hint(town: Town) -> None:
    cast = town.cast
    said = await town.ask("tanguy", cast.guichet("tanguy"), "!chartte", "Commande inconnue")
    assert "Vouliez-vous dire « charte » ?" in said
    said = await town.ask("kerboul", town.poste(BRETAGNE), "valde A7", "Commande inconnue")
    assert "valide A7" in said
    said = await town.ask(
        "kerboul", town.poste(BRETAGNE), "alerte boulangrs 35 : Vol constaté hier", "inconnu"
    )
    assert "boulangers" in said
    said = await town.ask(
        "kerboul", town.poste(BRETAGNE), "alerte buralistes 35 Vol constaté", "il manque « : »"
    )
    assert "Alerte non envoyée" in said
    said = await town.ask("kerboul", town.poste(BRETAGNE), "valide A999999", "n'existe pas")
    assert "A999999" in said


HOSTILE: tuple[dict[str, object], ...] = (
    {"msgtype": 5, "body": ["Vol"]},
    {"body": None},
    {},
    {"msgtype": "m.text", "body": "x", "m.relates_to": "y"},
    {"msgtype": "m.text", "body": "x", "m.relates_to": {"rel_type": "m.replace", "event_id": 3}},
    {"msgtype": "m.text", "body": "a\u0000\ud7ff\u202e\u0007" * 200},
    {"msgtype": "m.image", "body": "photo", "file": {"url": "mxc://../..", "key": []}},
    {"msgtype": "m.image", "body": "photo", "file": "nothing", "info": 7},
    {"msgtype": "m.location", "body": "ici", "geo_uri": "geo:48,-1"},
    {"msgtype": "m.text", "body": "x" * 30_000},
)


async def test_hostile_events_of_a_member_do_not_stop_the_next_one(town: Town) -> None:
    cast = town.cast
    element = cast.elements["nedelec"]
    guichet = cast.guichet("nedelec")
    room = cast.scenery.room(Kind.ECHANGES, FINISTERE, "boulangers")
    for content in HOSTILE:
        await element.send(guichet, dict(content))
        await element.send(room, dict(content))
    await element.send(room, {"m.relates_to": {"rel_type": "m.annotation"}}, "m.reaction")
    await element.send(guichet, {"algorithm": "rot13", "ciphertext": 3}, "m.room.encrypted")
    text = "Vitrine brisée hier à 12 h 01, des gâteaux ont été volés"
    news = town.news("cariou")
    await element.say(guichet, text)
    await news.of(text)
    talk = "Bonjour, livraison de farine demain à 12 h 02"
    news = town.news("cariou")
    await element.say(room, talk)
    await news.of(talk)
    assert town.stage.service is not None
    assert town.stage.service.running
    log = (town.stage.state / "service.log").read_text(encoding="utf-8")
    assert "gâteaux" not in log
    assert "Traceback" not in log
