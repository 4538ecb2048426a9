"""The table of communes."""

import pytest

from appservice.files.communes import communes_of, department_exists, department_of, find


@pytest.mark.parametrize(
    ("insee", "name", "department"),
    [
        ("35152", "Liffré", "35"),
        ("01001", "L'Abergement-Clémenciat", "01"),
        ("2A004", "Ajaccio", "2A"),
        ("97101", "Les Abymes", "971"),
    ],
)
def test_a_commune_is_found_by_its_code(insee, name, department):
    commune = find(insee)
    assert commune is not None
    assert (commune.name, commune.department) == (name, department)
    assert department_of(insee) == department


def test_a_departement_holds_its_communes_and_no_other():
    communes = communes_of("35")
    assert len(communes) == 332
    assert {commune.department for commune in communes.values()} == {"35"}
    assert communes["35236"].epci == "243500741"


def test_what_does_not_exist_is_not_found():
    assert find("35999") is None
    assert find("") is None
    assert not department_exists("00")
    assert department_exists("2B")
    assert communes_of("20") == {}
