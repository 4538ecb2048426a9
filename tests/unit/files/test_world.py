"""The world that ships with the product, and worlds of operators."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from support.land import BRETAGNE, NOW, YVELINES, shipped_world

from appservice.domain.charter import Former
from appservice.domain.membership import desired
from appservice.domain.room import Kind, Writers
from appservice.domain.telephone.rules import QuietHours, TextRules
from appservice.domain.territory import Level
from appservice.files.charters import read_charters
from appservice.files.shipped import shipped
from appservice.files.templates import read_templates, says_the_reminder
from appservice.files.territories import read_territories
from appservice.files.world import load_world, shipped_paths
from appservice.files.yaml_source import BadFiles, ProblemList


def copied(tmp_path: Path):
    """The shipped world in a folder that the test may spoil."""
    rooms = Path(shutil.copytree(shipped("room-templates"), tmp_path / "rooms"))
    return replace(
        shipped_paths(),
        templates=rooms,
        territories=rooms / "territoires",
        charters=rooms / "chartes",
    )


def test_a_charter_may_leave_time_to_sign_its_new_version(tmp_path):
    former = "ab" * 32
    front = "id: c\nversion: 2027-1\ntitle: C\nvalid_days: 365\n"
    grace = f"replaces: {former}\nsince: 2027-01-15\ngrace_days: 30\n"
    text = "Usage professionnel. Ne remplace pas le 17 ni le 112.\n"
    (tmp_path / "c.md").write_text(f"---\n{front}{grace}---\n{text}", "utf-8")
    problems = ProblemList()
    charter = read_charters(tmp_path, problems)["c"]
    problems.check()
    # Midnight in Paris, thirty days later.
    assert charter.former == Former(former, datetime(2027, 2, 13, 23, tzinfo=UTC))
    assert charter.text == text


def test_every_template_and_charter_says_that_we_replace_neither_17_nor_112():
    world = shipped_world()
    assert set(world.templates) == set(Kind)
    for template in world.templates.values():
        assert says_the_reminder(template.topic)
        assert template.kind is Kind.SPACE or says_the_reminder(template.welcome)
    assert all(says_the_reminder(charter.text) for charter in world.charters.values())


def test_only_the_service_writes_alerts():
    templates = shipped_world().templates
    assert templates[Kind.ALERTES].writers is Writers.SERVICE
    assert templates[Kind.ALERTES].signal_announcement
    assert templates[Kind.ECHANGES].writers is Writers.MEMBERS
    assert not templates[Kind.ECHANGES].signal_announcement
    assert not templates[Kind.GUICHET].signal


def test_the_text_of_a_charter_is_the_file_after_its_front_matter_to_the_byte():
    charter = shipped_world().charters["charte-commercants"]
    raw = (shipped_paths().charters / "charte-commercants.md").read_bytes()
    assert raw.endswith(b"---\n" + charter.text.encode())
    assert charter.text.startswith("# Charte d'engagement des commerçants\n")


def test_the_pilots_are_wide_as_each_trade_asks():
    territories = shipped_world().territories
    assert territories[BRETAGNE].trades["buralistes"].level is Level.DEPARTMENT
    assert territories[BRETAGNE].trades["bijoutiers"].level is Level.COMMUNE
    assert territories[YVELINES].poste_level is Level.COMMUNE


def test_a_new_trade_is_one_line_of_yaml_and_no_code(tmp_path):
    paths = copied(tmp_path)
    file = paths.territories / "ille-et-vilaine.yaml"
    file.write_text(file.read_text("utf-8") + "  fleuristes: departement\n", "utf-8")
    problems = ProblemList()
    charters = read_charters(paths.charters, problems)
    widened = replace(
        shipped_world(), territories=read_territories(paths.territories, charters, problems)
    )
    before = desired(shipped_world(), [], {}, NOW).rooms
    after = desired(widened, [], {}, NOW).rooms
    assert not list(problems)
    assert [room.alias for key, room in after.items() if key not in before] == [
        "maillage_alertes_fleuristes_ille-et-vilaine_35",
        "maillage_echanges_fleuristes_ille-et-vilaine_35",
    ]


def test_a_trade_may_have_a_name_of_its_own(tmp_path):
    paths = copied(tmp_path)
    file = paths.territories / "ille-et-vilaine.yaml"
    line = "  bars-tabacs: {name: bars-tabacs et presse, level: epci}\n"
    file.write_text(file.read_text("utf-8") + line, "utf-8")
    problems = ProblemList()
    territories = read_territories(paths.territories, shipped_world().charters, problems)
    trade = territories[BRETAGNE].trades["bars-tabacs"]
    assert (trade.name, trade.level) == ("bars-tabacs et presse", Level.EPCI)
    assert not list(problems)


@pytest.mark.parametrize(
    ("written", "texts"),
    [
        ("", TextRules()),
        ("sms: {quiet_hours: 22h30-6h45}", TextRules(QuietHours(time(22, 30), time(6, 45)))),
        ('sms: {quiet_hours: "21:00 à 08:00"}', TextRules(QuietHours(time(21), time(8)))),
        ("sms: {quiet_hours: aucune, gsm7_only: false}", TextRules(None, gsm7_only=False)),
        (
            "sms: {timezone: Indian/Reunion}",
            TextRules(QuietHours(zone="Indian/Reunion")),
        ),
    ],
)
def test_a_territory_says_how_it_texts(tmp_path, written: str, texts: TextRules):
    paths = copied(tmp_path)
    file = paths.territories / "ille-et-vilaine.yaml"
    file.write_text(f"{file.read_text('utf-8')}{written}\n", "utf-8")
    problems = ProblemList()
    territories = read_territories(paths.territories, shipped_world().charters, problems)
    assert not list(problems)
    assert territories[BRETAGNE].texts == texts


def test_a_commune_belongs_to_one_territory(tmp_path):
    paths = copied(tmp_path)
    twin = paths.territories / "liffre.yaml"
    text = (paths.territories / "ille-et-vilaine.yaml").read_text("utf-8")
    twin.write_text(text.replace("id: ille-et-vilaine", "id: liffre"), "utf-8")
    problems = ProblemList()
    read_territories(paths.territories, shipped_world().charters, problems)
    assert [p.message for p in problems] == [
        "35152 est déjà dans « ille-et-vilaine »",
        "35236 est déjà dans « ille-et-vilaine »",
    ]


def test_a_kind_without_a_template_is_said(tmp_path):
    problems = ProblemList()
    assert not read_templates(tmp_path, problems).by_kind
    assert [Path(p.path).name for p in problems] == [f"{kind}.yaml" for kind in sorted(Kind)]


def test_the_mistakes_of_all_the_files_are_said_at_once(tmp_path):
    paths = copied(tmp_path)
    for path, old, new in (
        (paths.templates / "alertes.yaml", "writers", "writer"),
        (paths.charters / "charte-agents.md", "professionnel", "amical"),
        (paths.territories / "yvelines-mantes.yaml", "78361", "78999"),
    ):
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    (tmp_path / "rules").mkdir()
    with pytest.raises(BadFiles) as bad:
        load_world(replace(paths, policies=tmp_path / "rules"))
    said = {Path(problem.path).name for problem in bad.value.problems}
    assert {"alertes.yaml", "charte-agents.md", "yvelines-mantes.yaml", "rules"} <= said


def test_empty_folders_are_said(tmp_path):
    problems = ProblemList()
    read_charters(tmp_path, problems)
    read_territories(tmp_path, (), problems)
    assert [p.message for p in problems] == [
        "aucun territoire dans ce dossier",
        "aucune charte dans ce dossier",
    ]
