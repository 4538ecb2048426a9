"""Passkeys: one's own, on a page; and coming in by one of them."""

import hashlib
from datetime import UTC, datetime

from aiohttp import web

from appservice.domain.console.passkey import CHALLENGE_LASTS, Passkey, challenge_at
from appservice.flows.console.entry import new_token
from appservice.flows.console.passkeys import NotThisKey, Passkeys, TooManyKeys
from appservice.web.desk import (
    DESK,
    Desk,
    asked,
    local,
    place_of,
    secret_of,
    sent_to,
    text_of,
    visitor_of,
)
from appservice.web.pages.doors import signed_in
from appservice.web.protection import scripted
from appservice.web.rendering import render
from appservice.web.webauthn import WebAuthnKeys


async def own_page(request: web.Request) -> web.Response:
    return await _own(request, 200, {})


async def add(request: web.Request) -> web.Response:
    keys, _ = _keys(request)
    try:
        await keys.add(
            visitor_of(request),
            secret_of(request, "answer"),
            _challenge(request),
            text_of(request, "name", 100),
        )
    except (NotThisKey, TooManyKeys) as refused:
        return await _own(request, 422, {"name": refused.message})
    return sent_to("/cles")


async def remove(request: web.Request) -> web.Response:
    """Twice is once."""
    keys, _ = _keys(request)
    for key in await keys.of(visitor_of(request)):
        if _named(key) == request.match_info["key"]:
            await keys.remove(visitor_of(request), key.id)
    return sent_to("/cles")


async def door(request: web.Request) -> web.Response:
    return _door(request, 200, {}, request.query.get("suite", "/"))


async def come_in(request: web.Request) -> web.Response:
    """Whoever was signed in already is so by this key from now on."""
    keys, _ = _keys(request)
    onward = local(text_of(request, "suite"))
    try:
        token = await keys.come_in(
            secret_of(request, "answer"), _challenge(request), place_of(request)
        )
    except NotThisKey as refused:
        return _door(request, 422, {"answer": refused.message}, onward)
    former = asked(request).visitor
    if former is not None:
        await request.app[DESK].presence.sign_out(former)
    response = signed_in(request, token, onward)
    response.del_cookie(_cookie(request.app[DESK]), path="/")
    return response


async def _own(request: web.Request, status: int, problems: dict[str, str]) -> web.Response:
    keys, checks = _keys(request)
    visitor = visitor_of(request)
    known = await keys.of(visitor)
    kept, challenge = _asked(request)
    response = render(
        *(request, "passkeys.html", status),
        problems=problems,
        keys=[(_named(key), key) for key in known],
        options=checks.to_make(visitor.account, known, challenge),
    )
    return _remembered(request, response, kept)


def _door(
    request: web.Request, status: int, problems: dict[str, str], onward: str
) -> web.Response:
    _, checks = _keys(request)
    kept, challenge = _asked(request)
    response = render(
        *(request, "passkey_door.html", status),
        problems=problems,
        onward=local(onward),
        options=checks.to_ask(challenge),
    )
    return _remembered(request, response, kept)


def _asked(request: web.Request) -> tuple[str, bytes]:
    """What the browser keeps of a new question, and the question."""
    desk = request.app[DESK]
    secret, now = new_token(desk.presence.new_id), desk.clock()
    return f"{secret}.{int(now.timestamp())}", challenge_at(secret, now)


def _challenge(request: web.Request) -> bytes:
    """The question that this browser was asked. Raises NotThisKey."""
    cookie = request.cookies.get(_cookie(request.app[DESK]), "")
    secret, dot, time = cookie.rpartition(".")
    if not (secret and dot and time.isascii() and time.isdecimal() and len(time) < 12):
        raise NotThisKey
    return challenge_at(secret, datetime.fromtimestamp(int(time), UTC))


def _remembered(request: web.Request, response: web.Response, kept: str) -> web.Response:
    desk = request.app[DESK]
    response.set_cookie(
        *(_cookie(desk), kept),
        max_age=int(CHALLENGE_LASTS.total_seconds()),
        path="/",
        secure=desk.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return scripted(response)


def _keys(request: web.Request) -> tuple[Passkeys, WebAuthnKeys]:
    desk = request.app[DESK]
    if desk.passkeys is None or desk.key_checks is None:
        raise web.HTTPNotFound
    return desk.passkeys, desk.key_checks


def _named(key: Passkey) -> str:
    """A word for an address: the key's own name says too much."""
    return hashlib.sha256(key.id).hexdigest()[:16]


def _cookie(desk: Desk) -> str:
    return f"{desk.cookie}-cle"
