"""Every route is taken through here: who asks, may they, and is the form really theirs."""

import asyncio
import hmac
import logging
from datetime import timedelta
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler as Answer

from appservice.domain.console import Right, Visitor
from appservice.domain.errors import (
    CharterMissing,
    InvalidTransition,
    MaillageError,
    NotAllowed,
    Refused,
    TemporaryFailure,
)
from appservice.flows.console.entry import LinkIsOver, LockedOut
from appservice.web.desk import ASKED, DESK, Asked, sent_to
from appservice.web.languages import accepted_by, choose
from appservice.web.protection import check_origin
from appservice.web.rendering import form_token, render
from appservice.web.routing import Access, Handler, Route

_LOG = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=20)
"""For a body to come in: whoever is slower than this holds a connection for nothing."""
YEAR = 365 * 24 * 3600
LANGUAGE = "langue"
_FIELD = "jeton"


class FormIsOld(Refused):
    """Cette page est restée ouverte trop longtemps : revenez en arrière et recommencez."""

    code = "page-perimee"


class MustConfirm(Refused):
    """Cet acte demande de confirmer d'abord avec un code."""

    code = "a-confirmer"


_STATUS: tuple[tuple[type[MaillageError], int], ...] = (
    (LockedOut, 429),
    (LinkIsOver, 410),
    (NotAllowed, 403),
    (CharterMissing, 403),
    (FormIsOld, 403),
    (MustConfirm, 403),
    (InvalidTransition, 409),
    (Refused, 422),
    (TemporaryFailure, 503),
    (MaillageError, 400),
)
SENTENCES = {
    403: "Cette demande ne vient pas d'une page de la console.",
    404: "Cette page n'existe pas, ou n'est pas pour vous.",
    405: "Cette adresse ne se demande pas ainsi.",
    408: "L'envoi a pris trop de temps : recommencez.",
    413: "Cet envoi est trop gros.",
    421: "Cette adresse n'est pas celle de la console.",
    500: "Une erreur est survenue. Elle est notée ; rien n'a été perdu.",
}


def admitted(route: Route) -> Handler:
    """The route's handler behind everything that keeps others out."""

    async def answer(request: web.Request) -> web.StreamResponse:
        desk = request.app[DESK]
        check_origin(request, desk.url)
        known = _asked(request)
        request[ASKED] = known
        known.token = request.cookies.get(desk.cookie, "")
        if known.token:
            known.visitor = await desk.presence.visitor(known.token, here=not route.background)
        if known.visitor is None:
            known.token = ""
        elsewhere = _check(route, request, known.visitor)
        if elsewhere is not None:
            return elsewhere
        if request.method == hdrs.METH_POST:
            await _read(route, request, known)
        try:
            response = await route.handler(request)
        finally:
            for value in known.form.values():
                if isinstance(value, web.FileField):
                    value.file.close()
        _keep_language(request, response)
        return response

    return answer


def _asked(request: web.Request) -> Asked:
    accepted = accepted_by(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
    kept = request.cookies.get(LANGUAGE)
    return Asked(choose(request.query.get(LANGUAGE), kept, accepted))


def _check(route: Route, request: web.Request, visitor: Visitor | None) -> web.Response | None:
    """Another page to go to first, or None. Raises what forbids."""
    if route.access is Access.PUBLIC:
        return None
    if visitor is None:
        return sent_to(f"/connexion?suite={_back(request)}")
    if isinstance(route.access, Right) and not visitor.may(route.access):
        if visitor.hindrance is not None:
            raise CharterMissing(visitor.hindrance.french)
        raise NotAllowed
    if route.dangerous and not visitor.has_confirmed(request.app[DESK].clock()):
        if request.method == hdrs.METH_POST:
            raise MustConfirm
        return sent_to(f"/confirmer?suite={_back(request)}")
    return None


def _back(request: web.Request) -> str:
    """The page to come back to; a form that was refused is not sent again by itself."""
    return quote(request.path_qs if request.method == hdrs.METH_GET else "/", safe="/")


async def _read(route: Route, request: web.Request, known: Asked) -> None:
    if (request.content_length or 0) > route.largest:
        raise web.HTTPRequestEntityTooLarge(route.largest, request.content_length or 0)
    limited = request.clone(client_max_size=route.largest)
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            known.form = await limited.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except ValueError as error:  # a multipart body that is none
        raise web.HTTPBadRequest from error
    if route.access is Access.PUBLIC:
        return
    given = known.form.get(_FIELD, "")
    expected = form_token(known.token)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise FormIsOld


def _keep_language(request: web.Request, response: web.StreamResponse) -> None:
    wish = request.query.get(LANGUAGE)
    if wish is not None and wish == request[ASKED].language:
        secure = request.app[DESK].is_secure
        response.set_cookie(
            LANGUAGE, wish, max_age=YEAR, secure=secure, httponly=True, samesite="Lax"
        )


@web.middleware
async def explained(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Whatever goes wrong becomes a page that says so in plain words."""
    if ASKED not in request:
        request[ASKED] = _asked(request)
    try:
        return await handler(request)
    except MaillageError as error:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return _problem(request, status, error.message)
    except web.HTTPException as answer:
        return _problem(request, answer.status, SENTENCES.get(answer.status, ""))
    except ConnectionError:
        raise
    except Exception as failure:
        # Its words may hold names.
        _LOG.error("%s %s: %s", request.method, _pattern(request), type(failure).__name__)
        return _problem(request, 500, SENTENCES[500])


def _problem(request: web.Request, status: int, sentence: str) -> web.Response:
    response = render(request, "problem.html", status, sentence=sentence)
    if status == 429:
        response.headers[hdrs.RETRY_AFTER] = "900"
    return response


def _pattern(request: web.Request) -> str:
    """The route, never the path: that one may hold a token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "?"
