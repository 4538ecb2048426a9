"""Reports that wait, in the same queue as alerts: taken, their doubt settled, then closed."""

from collections.abc import Awaitable
from typing import Any

from aiohttp import hdrs, web

from appservice.domain.errors import InvalidTransition
from appservice.domain.ids import ReportId
from appservice.domain.report import Cleared, Closed, Received, Taken, name_of
from appservice.domain.wording.common import day, hour
from appservice.flows.console.casework import Casework, Waiting
from appservice.web.alerting.shown import REPORT_STAGES, marked, reasons
from appservice.web.desk import (
    DESK,
    asked,
    new_click,
    number_in,
    sent_to,
    territory_of,
    text_of,
    visitor_of,
)
from appservice.web.pages.alerts import TOO_LATE, waiting_page
from appservice.web.rendering import render

_SHOWN = frozenset({"image/jpeg", "image/png", "image/webp"})
_TAKEN = frozenset({"video/mp4", "video/webm"})
"""No page of ours plays a video: what is neither is served to nobody."""


async def queue_page(request: web.Request) -> web.Response:
    return await waiting_page(request, await _rows(request))


async def state_part(request: web.Request) -> web.Response:
    """Where a report stands, without its text: for the script of a page that is open."""
    found = await _casework(request).state(visitor_of(request), _report_of(request))
    if found is None:
        raise web.HTTPNotFound
    return render(request, "report_state.html", one=_shown(request, found))


async def photo(request: web.Request) -> web.Response:
    """A photo or a video as the service keeps it: bare of what cameras write, and for a while."""
    visitor, number = visitor_of(request), _report_of(request)
    rank = number_in(request.match_info["photo"])
    found = await _casework(request).photo(visitor, number, rank) if rank else None
    kind = found.content_type if found is not None else ""
    if found is None or kind not in _SHOWN | _TAKEN:
        raise web.HTTPNotFound
    response = web.Response(body=found.data, content_type=kind)
    if kind in _TAKEN:
        name = f"S{number}-{rank}.{kind.partition('/')[2]}"
        response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
    return response


async def take(request: web.Request) -> web.Response:
    visitor, number, click = visitor_of(request), _report_of(request), _click_of(request)
    return await _done(request, _casework(request).take(visitor, number, click))


async def settle(request: web.Request) -> web.Response:
    """Levée de doute: founded or not, as the button says."""
    visitor, number, click = visitor_of(request), _report_of(request), _click_of(request)
    founded = text_of(request, "founded", 10) == "oui"
    return await _done(request, _casework(request).clear(visitor, number, click, founded=founded))


async def close(request: web.Request) -> web.Response:
    """Its author is told, and asked how it went."""
    visitor, number, click = visitor_of(request), _report_of(request), _click_of(request)
    return await _done(request, _casework(request).finish(visitor, number, click))


async def _done(request: web.Request, acting: Awaitable[bool]) -> web.Response:
    try:
        known = await acting
    except InvalidTransition:
        return await waiting_page(request, await _rows(request), 409, TOO_LATE)
    if not known:
        raise web.HTTPNotFound
    return sent_to("/validations")


async def _rows(request: web.Request) -> list[dict[str, Any]]:
    found = await _casework(request).waiting(visitor_of(request))
    return [_shown(request, one) for one in found]


def _shown(request: web.Request, found: Waiting) -> dict[str, Any]:
    """A report as templates show it."""
    report, author, territory = found.report, found.author, territory_of(request)
    stage = report.stage
    place = territory.communes.get(author.commune) if author else None
    trades = territory.trades
    who = [author.attribution] if author else []
    who += [trades[t].name for t in (author.trades if author else ()) if t in trades]
    founded = stage.founded if isinstance(stage, Cleared) else None
    rules = [finding.rule for finding in found.findings]
    return {
        "report": report,
        "path": f"/signalements/{report.id}",
        "stage": name_of(stage),
        "state": REPORT_STAGES[name_of(stage)],
        "founded": founded,
        "held_by": found.held_by.attribution if found.held_by else "",
        "pieces": list(marked(report.text, found.findings)),
        "reasons": reasons(rules, request.app[DESK].world, asked(request).language),
        "who": ", ".join(who),
        "where": place.name if place else territory.name,
        "at": f"{day(report.received_at)} {hour(report.received_at)}",
        "others": found.others,
        "pictures": len(report.blobs),
        "may_take": isinstance(stage, Received),
        "may_settle": isinstance(stage, Taken),
        "may_close": isinstance(stage, Cleared),
        "still": isinstance(stage, Closed),
        "click": new_click(request),
    }


def _report_of(request: web.Request) -> ReportId:
    """Which report the address names. What can't be a number is no report's."""
    number = number_in(request.match_info["report"])
    if number is None:
        raise web.HTTPNotFound
    return ReportId(number)


def _click_of(request: web.Request) -> str:
    return text_of(request, "envoi", 100)


def _casework(request: web.Request) -> Casework:
    return request.app[DESK].casework
