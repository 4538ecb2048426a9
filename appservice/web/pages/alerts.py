"""Alerts in the console: the list, one alert and its progress, those that wait, decisions."""

from collections.abc import Awaitable
from typing import Any

from aiohttp import web

from appservice.domain.alert import Cancelled, Held, Published, Turned, name_of
from appservice.domain.console import Right
from appservice.domain.errors import InvalidTransition
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel
from appservice.domain.wording.alerts import audience, length
from appservice.domain.wording.common import day, hour
from appservice.flows.console.dispatch import PAGE, Dispatch, Followed
from appservice.web.alerting.shown import STAGES, is_still, marked, progress, reasons
from appservice.web.desk import (
    DESK,
    alert_of,
    asked,
    new_click,
    number_in,
    sent_to,
    territory_of,
    text_of,
    visitor_of,
)
from appservice.web.protection import scripted
from appservice.web.rendering import render

_NO_REASON = "Dites pourquoi, en quelques mots."
TOO_LATE = "Quelqu'un d'autre a été plus rapide : voici ce qu'il en est."


async def list_page(request: web.Request) -> web.Response:
    before = number_in(request.query.get("avant", ""))
    last = AlertId(before) if before is not None else None
    found = await _dispatch(request).listed(visitor_of(request), last)
    more = found[-1].alert.id if len(found) == PAGE else None
    rows = [shown(request, one) for one in found]
    conditions = await request.app[DESK].conditions.look()
    return render(
        *(request, "alerts.html"), rows=rows, more=more, newest=last is None, conditions=conditions
    )


async def waiting_page(
    request: web.Request, reports: list[dict[str, Any]], status: int = 200, notice: str = ""
) -> web.Response:
    """Alerts that a second person decides on, then reports, each with its buttons."""
    found = await _dispatch(request).waiting(visitor_of(request))
    rows = [shown(request, one) for one in found]
    return scripted(
        render(
            *(request, "alerts_waiting.html", status),
            rows=rows,
            reports=reports,
            notice=notice,
        )
    )


async def alert_page(request: web.Request) -> web.Response:
    return await _page(request)


async def state_part(request: web.Request) -> web.Response:
    """What moves of an alert, without its text: for the script of a page that is open."""
    found = await _dispatch(request).state(visitor_of(request), alert_of(request))
    if found is None:
        raise web.HTTPNotFound
    return render(request, "alert_state.html", one=shown(request, found))


async def approve(request: web.Request) -> web.Response:
    visitor, number, click = visitor_of(request), alert_of(request), click_of(request)
    return await _done(request, _dispatch(request).approve(visitor, number, click))


async def hasten(request: web.Request) -> web.Response:
    visitor, number, click = visitor_of(request), alert_of(request), click_of(request)
    return await _done(request, _dispatch(request).hasten(visitor, number, click))


async def refuse(request: web.Request) -> web.Response:
    reason = text_of(request, "reason")
    if not reason:
        return await _page(request, 422, {"reason": _NO_REASON})
    visitor, number, click = visitor_of(request), alert_of(request), click_of(request)
    return await _done(request, _dispatch(request).refuse(visitor, number, reason, click))


async def cancel(request: web.Request) -> web.Response:
    reason = text_of(request, "reason")
    if not reason:
        return await _page(request, 422, {"reason": _NO_REASON})
    visitor, number, click = visitor_of(request), alert_of(request), click_of(request)
    return await _done(request, _dispatch(request).cancel(visitor, number, reason, click))


async def _done(request: web.Request, deciding: Awaitable[bool]) -> web.Response:
    """Then the alert as it is now, also when the poste was faster."""
    try:
        known = await deciding
    except InvalidTransition:
        return await _page(request, 409, notice=TOO_LATE)
    if not known:
        raise web.HTTPNotFound
    return sent_to(f"/alertes/{alert_of(request)}")


async def _page(
    request: web.Request,
    status: int = 200,
    problems: dict[str, str] | None = None,
    notice: str = "",
) -> web.Response:
    found = await _dispatch(request).read(visitor_of(request), alert_of(request))
    if found is None:
        raise web.HTTPNotFound
    one = shown(request, found)
    return scripted(
        render(
            *(request, "alert.html", status),
            one=one,
            problems=problems or {},
            notice=notice,
        )
    )


def shown(request: web.Request, found: Followed) -> dict[str, Any]:
    """An alert as templates show it, with what this visitor may do about it."""
    desk, visitor, alert = request.app[DESK], visitor_of(request), found.alert
    territory = territory_of(request)
    stage, may = alert.stage, visitor.may
    rules = stage.rules if isinstance(stage, Held) else ()
    published = isinstance(stage, Published)
    sends = not territory.chiefs_send or may(Right.SEND_ALERT)
    return {
        "alert": alert,
        "path": f"/alertes/{alert.id}",
        "stage": name_of(stage),
        "state": STAGES[name_of(stage)],
        "pieces": list(marked(alert.text, found.findings)),
        "length": length(alert.text),
        "audience": audience(alert.audience, territory),
        "author": found.author.attribution if found.author else "",
        "at": f"{day(alert.submitted_at)} {hour(alert.submitted_at)}",
        "decided": _decided(found),
        "reason": stage.reason if isinstance(stage, Turned) else "",
        "reasons": reasons(rules, desk.world, asked(request).language),
        "channels": [channel.label for channel in Channel],
        "progress": progress(found.tally) if found.tally.total() else [],
        "still": is_still(found, desk.clock()),
        "mine": found.mine,
        "may_approve": isinstance(stage, Held) and not found.mine and sends,
        "may_refuse": isinstance(stage, Held) and may(Right.APPROVE_ALERT),
        "may_correct": published and may(Right.SEND_ALERT),
        "may_cancel": published and may(Right.APPROVE_ALERT),
        "may_hasten": published and bool(found.tally.deferred) and sends,
        "click": new_click(request),
    }


def _decided(found: Followed) -> str:
    """Who decided last and when; empty while nobody has."""
    stage = found.alert.stage
    if isinstance(stage, Held):
        return ""
    who = f"{found.decided_by.attribution}, " if found.decided_by else ""
    revision = stage.revision if isinstance(stage, Published | Cancelled) else 1
    version = f" (v{revision})" if revision > 1 else ""
    return f"{who}{day(stage.at)} {hour(stage.at)}{version}"


def click_of(request: web.Request) -> str:
    """Which page was filled: sent twice, it acts once."""
    return text_of(request, "envoi", 100)


def _dispatch(request: web.Request) -> Dispatch:
    return request.app[DESK].dispatch
