"""After the signature: screen by screen to the first message; the mairie hands it on anew."""

from urllib.parse import quote

from aiohttp import web

from appservice.domain.errors import InvalidTransition
from appservice.domain.ids import UserId
from appservice.domain.wording.common import day, hour
from appservice.domain.wording.signing import hidden
from appservice.flows.arrival.arriving import Inside, Opened
from appservice.flows.arrival.handing import NOT_OURS, HandedOver
from appservice.flows.console.entry import NotThat
from appservice.web.desk import DESK, member_of, sent_to, text_of, visitor_of
from appservice.web.drawings import qr_code
from appservice.web.rendering import render

_PROVE = "prove"
"""The button of the form that has a code in it."""


def element_link(server: str, user: UserId) -> str:
    """Opens Element X with the server filled in, and on some telephones the account.

    The path, its last slash and both names are those that its releases of 2026 read
    (`DefaultLoginIntentResolver` on Android, `AppRoutes` on iOS).
    """
    provider, hint = quote(server, safe=":"), quote(f"mxid:{user}", safe=":@")
    return f"https://mobile.element.io/element/?account_provider={provider}&login_hint={hint}"


def signal_link(number: str) -> str:
    """Opens the conversation with a number in Signal."""
    return f"https://signal.me/#p/{number}"


async def steps_page(request: web.Request) -> web.Response:
    """By the same token as the signature, or by one that the mairie handed over later."""
    return await _steps(request, {})


async def link(request: web.Request) -> web.Response:
    """An account of theirs: named, then proved. Two forms, one address."""
    linking, token = request.app[DESK].linking, request.match_info["token"]
    try:
        if text_of(request, "act") == _PROVE:
            await linking.prove(token, text_of(request, "code", 20))
            return sent_to(f"/arrivee/{token}")
        await linking.ask(token, text_of(request, "mxid", 300))
    except NotThat as refused:
        return await _steps(request, {refused.field: refused.message}, 422)
    return await _steps(request, {})


async def _steps(
    request: web.Request, problems: dict[str, str], status: int = 200
) -> web.Response:
    desk, token = request.app[DESK], request.match_info["token"]
    shown = await desk.arriving.shown(token)
    access, server = shown.access, desk.arriving.server_name
    element = element_link(server, access.user) if isinstance(access, Opened | Inside) else ""
    signal = signal_link(desk.signal_number) if desk.signal_number else ""
    until = shown.arrival.until
    claim = await desk.linking.claim(token)
    return render(
        *(request, "arrival.html", status),
        problems=problems,
        token=token,
        member=shown.member,
        territory=shown.territory,
        server=server,
        access=access,
        claim=claim,
        may_link=await desk.linking.is_possible(token),
        typed=text_of(request, "mxid", 300),
        password=access.password if isinstance(access, Opened) else "",
        element=element,
        element_qr=qr_code(element) if element else "",
        signal=signal,
        signal_qr=qr_code(signal) if signal else "",
        signal_number=desk.signal_number,
        doors=[(one, qr_code(one.link)) for one in await desk.group_doors.of(shown.member)],
        number=hidden(shown.member.phone) if shown.member.phone else "",
        texts_agreed=shown.texts_agreed,
        until=f"{day(until)} {hour(until)}",
    )


async def hand(request: web.Request) -> web.Response:
    """A page for whoever lost theirs; the former one stops working."""
    handed = await request.app[DESK].handing.hand(visitor_of(request), member_of(request))
    return _sheet(request, handed)


async def reset_page(request: web.Request) -> web.Response:
    """What another password means, before it is done."""
    desk, visitor = request.app[DESK], visitor_of(request)
    found = await desk.register.member(visitor, member_of(request))
    if found is None:
        raise web.HTTPNotFound
    account = await desk.handing.account_of(visitor, found.member.id)
    if account is None:
        raise InvalidTransition(NOT_OURS)
    return render(request, "password_reset.html", member=found.member, account=account)


async def reset(request: web.Request) -> web.Response:
    """Another password, and every telephone of theirs signed out."""
    handed = await request.app[DESK].handing.reset(visitor_of(request), member_of(request))
    return _sheet(request, handed)


def _sheet(request: web.Request, handed: HandedOver | None) -> web.Response:
    if handed is None:
        raise web.HTTPNotFound
    desk = request.app[DESK]
    address = f"{desk.url}/arrivee/{handed.token}"
    return render(
        *(request, "arrival_sheet.html"),
        handed=handed,
        member=handed.member,
        territory=desk.world.territory_of(handed.member),
        address=address,
        qr=qr_code(address),
    )
