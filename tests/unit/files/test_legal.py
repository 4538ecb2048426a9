"""The legal checklist of a territory: complete, or told line by line; nothing is made without."""

import shutil
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.land import YVELINES, shipped_world

from appservice.commands.installation import check
from appservice.domain.wording.legal import closed
from appservice.files.legal import FOLDER, ITEMS, gaps_of
from appservice.files.shipped import shipped

Spoil = Callable[[str, str], tuple[str, ...]]


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    """Changes some words of a good checklist; what is then missing, without the folder."""
    text = (
        shipped("room-templates") / "territoires" / FOLDER / "yvelines-mantes.yaml"
    ).read_text()
    (tmp_path / FOLDER).mkdir()

    def change(old: str, new: str) -> tuple[str, ...]:
        assert old in text
        (tmp_path / FOLDER / "mantes.yaml").write_text(text.replace(old, new, 1))
        return tuple(
            gap.removeprefix(f"{tmp_path}/{FOLDER}/") for gap in gaps_of(tmp_path, "mantes")
        )

    return change


def test_what_ships_is_complete():
    assert all(territory.is_open for territory in shipped_world().territories.values())


def test_each_item_must_be_there(tmp_path):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "vide.yaml").write_text("dpo: {qui: x, le: 2026-01-01, reference: y}\n")
    gaps = gaps_of(tmp_path, "vide")
    assert len(gaps) == len(ITEMS) - 1
    assert f"{tmp_path}/{FOLDER}/vide.yaml:1: « aipd » manque : analyse d'impact" in gaps[0]


@pytest.mark.parametrize(
    ("old", "new", "gap"),
    [
        (
            "  le: 2026-10-05\n",
            "",
            "mantes.yaml:11: « registre » : « le » manque, de quand date la pièce (AAAA-MM-JJ)",
        ),
        (
            "le: 2026-10-05",
            "le: bientôt",
            "mantes.yaml:12: « registre » : « le » n'est pas une date (AAAA-MM-JJ)",
        ),
        ('qui: "le délégué"', 'qui: " "', "mantes.yaml:11: « registre » : « qui » manque"),
        ("registre:", "regitre:", "mantes.yaml:10: clé inconnue « regitre »"),
        ("registre:", "registre: oui\nautre:", "mantes.yaml:10: « registre » : qui, le, ref"),
        ("registre:", "registre: [", "mantes.yaml:"),
    ],
)  # fmt: skip
def test_a_gap_is_told_at_its_line(spoil, old, new, gap):
    assert any(told.startswith(gap) for told in spoil(old, new)), spoil(old, new)


def test_without_a_checklist_a_territory_is_closed(tmp_path):
    (gap,) = gaps_of(tmp_path, "rennes")
    assert gap.endswith("rennes.yaml:1: la liste légale de « rennes » manque")
    territory = replace(shipped_world().territories[YVELINES], gaps=(gap,))
    assert not territory.is_open
    assert closed(territory).startswith(
        "Mantes-la-Jolie : la liste légale est incomplète, rien n'y est créé"
    )
    assert gap in closed(territory)


async def test_check_names_what_is_missing(tmp_path, capsys):
    (tmp_path / "registration.yaml").write_text("as_token: x")
    (tmp_path / "dsn").write_text("postgresql:///maillage")
    (tmp_path / "keys").mkdir()
    for secret in ("kannel.password", "kannel.secret"):
        (tmp_path / secret).write_text("x")
    rooms = Path(shutil.copytree(shipped("room-templates"), tmp_path / "rooms"))
    config = tmp_path / "maillage.yaml"
    text = (Path(__file__).parent / "good" / "maillage.yaml").read_text().split("signal:\n")[0]
    config.write_text(f"{text}world:\n  territories: rooms/territoires\n")
    asked = Namespace(config_given=True, config=config)
    assert await check(asked) == 0
    (rooms / "territoires" / FOLDER / "yvelines-mantes.yaml").unlink()
    assert await check(asked) == 1
    said = capsys.readouterr().err
    assert "yvelines-mantes.yaml:1: la liste légale de « yvelines-mantes » manque" in said
    assert "Ille-et-Vilaine" not in said
