"""Who would receive an alert: by channel and commune, and what keeps it from the others."""

from collections.abc import Mapping

from aiohttp import web

from appservice.domain.audience import Audience
from appservice.domain.console import Right
from appservice.domain.console.reached import Share
from appservice.domain.ids import Insee, TradeId
from appservice.domain.member import Channel
from appservice.domain.territory import Level, Territory, Zone
from appservice.web.desk import DESK, territory_of, visitor_of
from appservice.web.enrolling.typed import commune_of
from appservice.web.filters import NOT_A_CHOICE, NOT_A_COMMUNE
from appservice.web.land_map import drawn
from appservice.web.pages.register import FEW_COMMUNES
from appservice.web.rendering import render

_GROUPING = "EPCI "


async def reach_page(request: web.Request) -> web.Response:
    desk, visitor, territory = request.app[DESK], visitor_of(request), territory_of(request)
    typed = request.query.get("zone", "").strip()
    trades = frozenset(TradeId(trade) for trade in request.query.getall("metier", []))
    problems = {}
    zone = zone_of(typed, territory)
    if zone is None:
        problems["zone"] = NOT_A_COMMUNE
    if not trades <= set(territory.trades):
        problems["metier"] = NOT_A_CHOICE
    found = shares = land = None
    if zone is not None and not problems:
        found = await desk.audiences.reached(visitor, territory, Audience(zone, trades))
        here = [p for p in territory.communes.values() if territory.covers(zone, p.insee)]
        land = drawn(here, found.communes)
        shares = _by_place(territory, found.communes)
    return render(
        *(request, "reach.html", 422 if problems else 200),
        problems=problems,
        typed=typed,
        chosen=trades,
        zones=_zones(territory),
        few=len(territory.communes) <= FEW_COMMUNES,
        whole=territory.name,
        trades=[(trade.id, trade.name) for trade in territory.trades.values()],
        found=found,
        land=land,
        shares=shares,
        channels=list(Channel),
        suspended=desk.world.settings.suspended,
        lists=visitor.may(Right.READ_REGISTER),
    )


def zone_of(text: str, territory: Territory) -> Zone | None:
    """The whole territory when nothing is asked; None when it is none of its zones."""
    if not text:
        return Zone(Level.TERRITORY, territory.id)
    if text.startswith(_GROUPING):
        code = text.removeprefix(_GROUPING)
        known = any(place.epci == code for place in territory.communes.values())
        return Zone(Level.EPCI, code) if code and known else None
    commune = commune_of(text, territory)
    return Zone(Level.COMMUNE, commune) if commune else None


def _zones(territory: Territory) -> list[tuple[str, str]]:
    """What may be asked, and what it is called."""
    groupings = sorted({place.epci for place in territory.communes.values() if place.epci})
    several = groupings if len(groupings) > 1 else []
    return [
        *((f"{_GROUPING}{code}", f"{_GROUPING}{code}") for code in several),
        *((f"{p.insee} {p.name}", p.name) for p in territory.communes.values()),
    ]


def _by_place(territory: Territory, shares: Mapping[Insee, Share]) -> list[tuple[str, Share]]:
    named = [(territory.communes[insee].name, share) for insee, share in shares.items()]
    return sorted(named, key=lambda one: (-one[1].total, one[0]))
