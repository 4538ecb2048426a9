"""A published alert is given another text, everywhere: judged as it is typed, replaced once."""

from aiohttp import web

from appservice.domain.errors import CharterMissing, InvalidTransition, NotAllowed, Refused
from appservice.flows.telephone.preview import Foreseen
from appservice.web.alerting.shown import VERDICTS
from appservice.web.alerting.typed import LONGEST, mistake_in
from appservice.web.desk import DESK, alert_of, new_click, sent_to, text_of, visitor_of
from appservice.web.pages.compose import foreseen
from appservice.web.protection import scripted
from appservice.web.rendering import render
from appservice.web.routing import SMALL


async def form_page(request: web.Request) -> web.Response:
    """With the text that stands; reading it is an act."""
    found = await request.app[DESK].dispatch.read(visitor_of(request), alert_of(request))
    if found is None:
        raise web.HTTPNotFound
    text = found.alert.text
    return _form(request, text, await _foreseen(request, text), {})


async def check(request: web.Request) -> web.Response:
    text = _text(request)
    mistake = mistake_in(text)
    seen = await _foreseen(request, text)
    problems = {"text": mistake} if mistake else {}
    return _form(request, text, seen, problems, 422 if mistake else 200)


async def foresee(request: web.Request) -> web.Response:
    text = _text(request)
    seen = await _foreseen(request, text)
    return render(
        request, "alert_foreseen.html", **foreseen(request, None if mistake_in(text) else seen)
    )


async def send(request: web.Request) -> web.Response:
    """A text that may not leave comes back with the reasons; the former one stands."""
    text, number = _text(request), alert_of(request)
    if mistake_in(text):
        return await check(request)
    click = text_of(request, "envoi", 100)
    try:
        sent = await request.app[DESK].dispatch.correct(visitor_of(request), number, text, click)
    except (NotAllowed, CharterMissing, InvalidTransition):
        raise
    except Refused as refused:
        return _form(request, text, await _foreseen(request, text), {"text": refused.message}, 422)
    if sent is None:
        raise web.HTTPNotFound
    if sent.alert is not None:
        return sent_to(f"/alertes/{number}")
    seen = await _foreseen(request, text)
    return _form(request, text, seen, {"text": VERDICTS[seen.verdict.decision]}, 422)


async def _foreseen(request: web.Request, text: str) -> Foreseen:
    desk = request.app[DESK]
    seen = await desk.dispatch.foresee(visitor_of(request), alert_of(request), text)
    if seen is None:
        raise web.HTTPNotFound
    return seen


def _text(request: web.Request) -> str:
    return text_of(request, "text", SMALL)


def _form(
    request: web.Request, text: str, seen: Foreseen, problems: dict[str, str], status: int = 200
) -> web.Response:
    return scripted(
        render(
            *(request, "alert_correct.html", status),
            problems=problems,
            text=text,
            alert=seen.alert,
            longest=LONGEST,
            click=new_click(request),
            **foreseen(request, seen),
        )
    )
