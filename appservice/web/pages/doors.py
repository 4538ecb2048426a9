"""Coming in and going out: sign-in, invitation, confirmation, sign-out."""

from typing import Any

from aiohttp import web

from appservice.domain.errors import MaillageError
from appservice.flows.console.entry import NotRecognised, NotThat
from appservice.web.desk import (
    DESK,
    local,
    place_of,
    secret_of,
    sent_to,
    text_of,
    visitor_of,
)
from appservice.web.drawings import qr_code
from appservice.web.rendering import render


async def sign_in_page(request: web.Request) -> web.Response:
    onward = local(request.query.get("suite", "/"))
    return _door(request, 200, problems={}, onward=onward, login="")


async def sign_in(request: web.Request) -> web.Response:
    login, onward = text_of(request, "login", 100), local(text_of(request, "suite"))
    password, code = secret_of(request, "password"), text_of(request, "code", 20)
    try:
        token = await request.app[DESK].presence.sign_in(
            login, password[:1000], code, place_of(request)
        )
    except NotRecognised as refused:
        return sign_in_again(request, refused, onward, login)
    return signed_in(request, token, onward)


async def confirm_page(request: web.Request) -> web.Response:
    return _confirm(request, 200, {}, local(request.query.get("suite", "/")))


async def confirm(request: web.Request) -> web.Response:
    onward = local(text_of(request, "suite"))
    try:
        await request.app[DESK].presence.confirm(visitor_of(request), text_of(request, "code", 20))
    except NotRecognised as refused:
        return _confirm(request, 422, {"code": refused.message}, onward)
    return sent_to(onward)


async def sign_out(request: web.Request) -> web.Response:
    await request.app[DESK].presence.sign_out(visitor_of(request))
    response = sent_to("/connexion")
    response.del_cookie(request.app[DESK].cookie, path="/")
    return response


async def invitation_page(request: web.Request) -> web.Response:
    return await _invitation(request, {}, 200)


async def accept_invitation(request: web.Request) -> web.Response:
    try:
        token = await request.app[DESK].invitations.accept(
            request.match_info["token"],
            secret_of(request, "password"),
            secret_of(request, "again"),
            text_of(request, "code", 20),
        )
    except NotThat as refused:
        return await _invitation(request, {refused.field: refused.message}, 422)
    return signed_in(request, token, "/")


async def _invitation(request: web.Request, problems: dict[str, str], status: int) -> web.Response:
    account, secret, address = await request.app[DESK].invitations.shown(
        request.match_info["token"]
    )
    spaced = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    return render(
        *(request, "invitation.html", status),
        account=account,
        secret=spaced,
        address=address,
        qr=qr_code(address),
        problems=problems,
    )


def sign_in_again(
    request: web.Request, refused: MaillageError, onward: str, login: str = ""
) -> web.Response:
    """The sign-in page, which says why it is still there."""
    problems = {"login": refused.message}
    return _door(request, 422, problems=problems, onward=local(onward), login=login)


def _door(request: web.Request, status: int, **values: Any) -> web.Response:
    organisations = [one.organisation for one in request.app[DESK].providers.values()]
    return render(
        *(request, "sign_in.html", status),
        organisations=organisations,
        passkeys=request.app[DESK].passkeys is not None,
        **values,
    )


def _confirm(
    request: web.Request, status: int, problems: dict[str, str], onward: str
) -> web.Response:
    """By a code, or by the organisation of one's own territory."""
    land = visitor_of(request).account.territory
    known = [one.organisation for one in request.app[DESK].providers.values()]
    return render(
        *(request, "confirm.html", status),
        problems=problems,
        onward=onward,
        organisations=[one for one in known if one.territory == land],
        passkeys=request.app[DESK].passkeys is not None,
    )


def signed_in(request: web.Request, token: str, onward: str) -> web.Response:
    """The browser keeps the session."""
    desk = request.app[DESK]
    response = sent_to(onward)
    response.set_cookie(
        desk.cookie, token, path="/", secure=desk.is_secure, httponly=True, samesite="Lax"
    )
    return response
