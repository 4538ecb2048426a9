"""A changed name: a letter mended, or somebody else."""

import pytest

from appservice.domain.signing.identity import is_same_person


@pytest.mark.parametrize(
    "name",
    [
        "Claire Tanguy",
        "TANGUY Claire",
        "claire  tanguy",
        "Cläire Tanguÿ",
        "Clare Tanguy",
        "Claire Tangui",
        "Claire Tangu",
        "Cllaire Tanguy",
    ],
)
def test_a_letter_capitals_accents_and_order_are_the_same_person(name: str):
    assert is_same_person(name, "Claire Tanguy")
    assert is_same_person("Claire Tanguy", name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Claire",
        "Yann Tanguy",
        "Claire Morvan",
        "Claire Tanguy Morvan",
        "Clara Tangui",
        "Claire Claire",
        "Tanguy Tanguy",
        "Claire Tagnuy",
    ],
)
def test_anything_else_is_another_person(name: str):
    assert not is_same_person(name, "Claire Tanguy")
    assert not is_same_person("Claire Tanguy", name)
