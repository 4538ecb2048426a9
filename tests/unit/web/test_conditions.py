"""A channel in trouble is said on the first page and above the alerts, with what mends it."""

from datetime import timedelta

import pytest
from support.bridges import FakeBridge
from support.console import ConsoleTown, Person

from appservice.domain.console.conditions import EVERY
from appservice.domain.member import Channel, Role
from bridges.protocol import Health, Trouble

PAGES = {Role.MAIRIE: ["/"], Role.CHEF_DE_QUART: ["/", "/alertes"]}


class Telephone(FakeBridge):
    """Counts how often it is asked; `silent` never answers."""

    def __init__(self) -> None:
        super().__init__("signal")
        self.health_is: Health | Exception = Health(True)
        self.looks = 0

    async def health(self) -> Health:
        self.looks += 1
        if isinstance(self.health_is, Exception):
            raise self.health_is
        return self.health_is


@pytest.fixture
def signal(town: ConsoleTown) -> Telephone:
    made = town.bridges[Channel.SIGNAL] = Telephone()
    return made


async def shown(person: Person, path: str) -> str:
    page = await person.get(path)
    assert page.status == 200
    return page.text.split("<main")[1].split("<footer")[0]


@pytest.mark.parametrize("role", PAGES)
async def test_officers_and_the_mairie_see_what_is_wrong_and_the_command(
    town: ConsoleTown, signal: Telephone, role: Role
):
    person = await town.signed_in(await town.agent(role))
    for code, command in (
        ("signal_down", "docker compose up -d signal"),
        ("signal_unreachable", "maillage signal status"),
        ("challenge_required", "maillage signal status"),
        ("account_not_registered", "maillage signal link"),
    ):
        town.clock.advance(timedelta(seconds=10))
        signal.health_is = Health(False, code, "…")
        for path in PAGES[role]:
            page = await shown(person, path)
            assert 'role="status"' in page, (code, path)
            assert f"<code>{command}</code>" in page


async def test_whose_telephone_it_is_is_not_said_there(town: ConsoleTown, signal: Telephone):
    merchant = await town.merchant("Anne", Channel.SIGNAL)
    trouble = Trouble("untrusted_identity", merchant.signal or "")
    signal.health_is = Health(False, trouble.code, "…", (trouble, Trouble("device_fades")))
    page = await shown(await town.mairie(), "/")
    assert "nouveau téléphone" in page
    assert "déliera à 30" in page
    for hidden in (merchant.name, merchant.shop, merchant.signal, merchant.id):
        assert str(hidden) not in page


async def test_what_only_slows_down_is_said_without_a_command(
    town: ConsoleTown, signal: Telephone
):
    signal.health_is = Health(True, troubles=(Trouble("rate_limited"),))
    page = await shown(await town.mairie(), "/")
    assert "ralentir" in page
    assert "<code>" not in page


async def test_a_channel_that_breaks_shows_the_page_all_the_same(
    town: ConsoleTown, signal: Telephone
):
    signal.health_is = ValueError("+33612345678")
    page = await shown(await town.mairie(), "/")
    assert "signal-cli ne répond pas" in page
    assert "+336" not in page


async def test_channels_are_asked_once_in_ten_seconds_whoever_looks(
    town: ConsoleTown, signal: Telephone
):
    first, second = await town.mairie(), await town.mairie()
    before = signal.looks
    town.clock.advance(timedelta(seconds=10))
    for person in (first, second, first):
        assert 'class="notice"' not in await shown(person, "/")
    assert signal.looks == before + 1


def test_every_state_says_what_becomes_of_messages():
    assert {one.code for one in EVERY} >= {"signal_down", "rate_limited", "device_fades"}
    for one in EVERY:
        assert one.french.endswith(".")
        assert one.effect.endswith(".")
