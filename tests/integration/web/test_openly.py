"""The public page over PostgreSQL: purpose, rules, and counts in which nobody is recognised."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from support.console import LIFFRE, ConsoleTown, Page
from support.signing import a_newcomer
from support.store_builders import a_report, an_alert

from appservice.domain.alert import Published
from appservice.domain.console.openly import FEWEST, LandCounts, fit, opened
from appservice.domain.ids import TradeId

BURALISTES, BIJOUTIERS = TradeId("buralistes"), TradeId("bijoutiers")


def figures(page: Page) -> dict[str, str]:
    """Of the first territory."""
    table = page.text.split('id="land-1"')[1].split("</table>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td>', table, re.DOTALL)
    return {" ".join(name.split()): value for name, value in rows}


async def participants(town: ConsoleTown, count: int, trade: TradeId) -> None:
    for _ in range(count):
        changes = {"phone": None, "channels": frozenset(), "trades": (trade,)}
        await town.sign(await a_newcomer(town, **changes))


@pytest.mark.acceptance("S2-12")
async def test_S2_12_anybody_reads_purpose_rules_and_counts(town: ConsoleTown):
    await participants(town, 13, BURALISTES)
    await participants(town, 10, BIJOUTIERS)
    gone = await a_newcomer(town, phone=None, channels=frozenset())
    await town.sign(gone, revoked_at=town.clock())
    await a_newcomer(town, phone=None, channels=frozenset())
    async with town.store.transaction() as tx:
        for number in range(12):
            at = town.clock() - timedelta(days=number)
            alert = an_alert(territory=LIFFRE, submitted_at=at, stage=Published(at, None))
            await tx.alerts.open(alert)
            late = at - timedelta(days=40)
            await tx.alerts.open(replace(alert, submitted_at=late, stage=Published(late, None)))
        await tx.reports.open(a_report(territory=LIFFRE, received_at=town.clock()))
    page = await town.visitor().get("/transparence")
    assert page.status == 200
    assert "ne remplace ni le 17, ni le 112" in page.text
    for rule in town.world.policy.rules.values():
        assert rule.sentences["fr"][:20].replace("'", "&#39;") in page.text
        assert rule.legal_basis[:15].replace("'", "&#39;") in page.text
    for charter in town.world.charters.values():
        assert charter.title.replace("'", "&#39;") in page.text
    shown = figures(page)
    assert shown["Commerçants participants"] == "environ 25"
    assert shown["dont buralistes"] == "environ 15"
    assert shown["dont bijoutiers"] == shown["dont boulangers"] == "moins de 11"
    assert shown["Alertes diffusées en 30 jours"] == "environ 10"
    assert shown["Signalements reçus en 30 jours"] == "moins de 11"
    assert "13" not in shown.values()
    assert "Claire Tanguy" not in page.text
    german = await town.visitor().get("/transparence?langue=de")
    assert "Was Maillage tut" in german.text


async def test_the_page_is_counted_once_a_day(town: ConsoleTown):
    stranger = town.visitor()
    assert figures(await stranger.get("/transparence"))["dont buralistes"] == "moins de 11"
    await participants(town, 13, BURALISTES)
    assert figures(await stranger.get("/transparence"))["dont buralistes"] == "moins de 11"
    town.clock.advance(timedelta(days=1))
    assert figures(await stranger.get("/transparence"))["dont buralistes"] == "environ 15"


def test_no_count_tells_of_fewer_people_than_the_threshold():
    assert {fit(count) for count in range(FEWEST)} == {None}
    assert [fit(count) for count in (11, 12, 13, 17, 18)] == [10, 10, 15, 15, 20]
    land = opened(LandCounts({BURALISTES: 20, BIJOUTIERS: 1}, alerts=3))
    assert (land.merchants, land.trades[BIJOUTIERS], land.alerts) == (20, None, None)
    assert land.merchants == land.trades[BURALISTES], "a total less its parts tells nothing"
