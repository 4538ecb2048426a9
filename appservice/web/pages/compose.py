"""The composer: an alert is judged while it is typed, then sent, once."""

from typing import Any

from aiohttp import web

from appservice.domain.commands.offences import Offence
from appservice.domain.console import Draft, Witness
from appservice.domain.errors import CharterMissing, NotAllowed, Refused
from appservice.domain.member import Channel
from appservice.domain.moderation import Decision
from appservice.domain.territory import Territory
from appservice.domain.wording.common import hour
from appservice.flows.telephone.preview import Foreseen
from appservice.web.alerting.shown import VERDICTS, marked, previewed, reasons
from appservice.web.alerting.typed import LONGEST, Typed, understand, zones
from appservice.web.desk import (
    DESK,
    asked,
    new_click,
    sent_to,
    several_of,
    territory_of,
    text_of,
    visitor_of,
)
from appservice.web.protection import scripted
from appservice.web.rendering import render
from appservice.web.routing import SMALL

_FEW = 25
"""Zones that a list shows; beyond, one types and the browser completes."""
_STOPS = frozenset({Decision.REVISE, Decision.REJECT, Decision.EMERGENCY})


async def form_page(request: web.Request) -> web.Response:
    return _form(request, Typed(), None, {})


async def check(request: web.Request) -> web.Response:
    """What sending it would do, for who has no script: nothing is kept."""
    typed = _typed(request)
    understood = understand(typed, territory_of(request))
    if understood.problems:
        return _form(request, typed, None, dict(understood.problems), 422)
    return _form(request, typed, await _foreseen(request, understood.draft), {})


async def foresee(request: web.Request) -> web.Response:
    """The same for the script, which asks as one types: the part of the page that changes."""
    understood = understand(_typed(request), territory_of(request))
    seen = None if understood.problems else await _foreseen(request, understood.draft)
    return render(request, "alert_foreseen.html", **foreseen(request, seen))


async def send(request: web.Request) -> web.Response:
    """A text that may not leave comes back with the reasons, to be mended."""
    typed = _typed(request)
    understood = understand(typed, territory_of(request))
    if understood.problems:
        return _form(request, typed, None, dict(understood.problems), 422)
    click = text_of(request, "envoi", 100)
    visitor, desk = visitor_of(request), request.app[DESK]
    try:
        sent = await desk.composing.send(visitor, understood.draft, click)
    except (NotAllowed, CharterMissing):
        raise
    except Refused as refused:
        return _form(request, typed, None, {"text": refused.message}, 422)
    if sent.alert is not None:
        return sent_to(f"/alertes/{sent.alert}")
    seen = await _foreseen(request, understood.draft)
    problem = VERDICTS[seen.verdict.decision] if seen.verdict.decision in _STOPS else ""
    problems = {"text": problem} if problem else {}
    return _form(request, typed, seen, problems, 422)


async def _foreseen(request: web.Request, draft: Draft) -> Foreseen:
    return await request.app[DESK].composing.foresee(visitor_of(request), draft)


def _typed(request: web.Request) -> Typed:
    return Typed(
        text=text_of(request, "text", SMALL),
        zone=text_of(request, "zone", 100),
        trades=several_of(request, "trades"),
        offence=text_of(request, "offence", 100),
        witness=text_of(request, "witness", 100),
        urgent=bool(text_of(request, "urgent", 10)),
    )


def _form(
    request: web.Request,
    typed: Typed,
    seen: Foreseen | None,
    problems: dict[str, str],
    status: int = 200,
) -> web.Response:
    territory = territory_of(request)
    places = [(str(zone), name) for zone, name in zones(territory)]
    return scripted(
        render(
            *(request, "alert_form.html", status),
            problems=problems,
            typed=typed,
            places=places,
            few=len(places) <= _FEW,
            trades=[(trade.id, trade.name) for trade in territory.trades.values()],
            offences=[(offence.value, offence.capitalize()) for offence in Offence],
            witnesses=[(witness.value, witness.value) for witness in Witness],
            longest=LONGEST,
            click=new_click(request),
            **foreseen(request, seen),
        )
    )


def foreseen(request: web.Request, seen: Foreseen | None) -> dict[str, Any]:
    """Of what is foreseen; nothing yet when nothing was typed."""
    if seen is None:
        return {"seen": None}
    desk, alert = request.app[DESK], seen.alert
    return {
        "seen": seen,
        "verdict": VERDICTS[seen.verdict.decision],
        "decision": seen.verdict.decision.value,
        "pieces": list(marked(alert.text, seen.verdict.findings)),
        "reasons": reasons(seen.verdict.rules, desk.world, asked(request).language),
        "preview": previewed(seen),
        "readers": [(channel.label, seen.reach.readers(channel)) for channel in Channel],
        "quiet": _until(seen, territory_of(request)),
    }


def _until(seen: Foreseen, territory: Territory) -> str:
    """The hour at which texts would leave, as clocks there show it; empty when they leave now."""
    rules = territory.texts.quiet
    if seen.quiet is None or rules is None or not seen.telephones:
        return ""
    return hour(seen.quiet, rules.zone)
