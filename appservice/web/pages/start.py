"""The first page, the rights matrix, and the style."""

from aiohttp import hdrs, web

from appservice.domain.console import HOLDERS, Position, Right, Visitor
from appservice.web.desk import DESK, visitor_of
from appservice.web.rendering import drawn_emblem, render, script, style
from appservice.web.routing import Route

YEAR = 365 * 24 * 3600
TILES = web.AppKey("tiles", tuple[Route, ...])
"""Routes that have a title."""


async def first_page(request: web.Request) -> web.Response:
    visitor = visitor_of(request)
    desk = request.app[DESK]
    tiles = [route for route in request.app[TILES] if _is_open_to(route, visitor)]
    return render(
        *(request, "first.html"),
        tiles=tiles,
        passkeys=desk.passkeys is not None,
        conditions=() if visitor.hindrance else await desk.conditions.look(),
    )


async def rights_page(request: web.Request) -> web.Response:
    return render(
        request, "rights.html", rights=list(Right), positions=list(Position), holders=HOLDERS
    )


async def stylesheet(request: web.Request) -> web.Response:
    sheet = style(of_state=bool(request.app[DESK].authority))
    return _for_long(web.Response(body=sheet, content_type="text/css", charset="utf-8"))


async def scripts(request: web.Request) -> web.Response:
    return _for_long(web.Response(body=script(), content_type="text/javascript", charset="utf-8"))


def _for_long(response: web.Response) -> web.Response:
    """Its address changes with what it holds."""
    response.headers[hdrs.CACHE_CONTROL] = f"public, max-age={YEAR}, immutable"
    return response


async def emblem(request: web.Request) -> web.Response:
    response = web.Response(body=drawn_emblem(), content_type="image/svg+xml")
    response.headers[hdrs.CACHE_CONTROL] = "public, max-age=86400"
    return response


def _is_open_to(route: Route, visitor: Visitor) -> bool:
    return visitor.may(route.access) if isinstance(route.access, Right) else True
