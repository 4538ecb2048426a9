"""A list of people to enrol."""

from pathlib import Path

from support.land import shipped_world

from appservice.domain.enrolment import Mistake
from appservice.domain.member import Channel, Role
from appservice.domain.territory import Level, Zone
from appservice.files.seed import read_seed

GOOD = Path(__file__).parent / "good" / "seed.yaml"


def test_people_are_read_with_numbers_in_international_form():
    anne, camille = read_seed(GOOD, shipped_world(), "maillage.test").people
    assert (anne.role, anne.shop, anne.home_trade) == (
        Role.MERCHANT,
        "Tabac du Centre",
        "buralistes",
    )
    assert anne.phone == "+33639980001"
    assert anne.channels == {Channel.MATRIX, Channel.SMS}
    assert camille.zones == (Zone(Level.DEPARTMENT, "35"),)
    assert (camille.mxid, camille.language) == ("@camille:maillage.test", "en")


def test_what_the_register_refuses_is_told_at_its_line():
    seed = read_seed(GOOD, shipped_world(), "maillage.test")
    bad = seed.located([Mistake(1, "mxid", "taken", "Déjà inscrit."), Mistake(0, "x", "y", "Z.")])
    assert str(bad).splitlines() == [f"{GOOD}:2: Z.", f"{GOOD}:16: Déjà inscrit."]
