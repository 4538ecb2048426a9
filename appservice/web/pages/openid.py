"""To one's organisation and back, signed in."""

import hmac

from aiohttp import web

from appservice.domain.errors import MaillageError
from appservice.flows.console.entry import new_token
from appservice.flows.console.vouching import NotVouched
from appservice.web.desk import DESK, Desk, asked, local, place_of
from appservice.web.openid.errand import LASTS, Errand, errand_of
from appservice.web.openid.provider import Provider
from appservice.web.pages.doors import sign_in_again, signed_in

_LONGEST = 2000
"""Characters of a code: whatever a provider makes fits."""


async def leave(request: web.Request) -> web.Response:
    """By a link, not a form: the policy of our pages lets a form lead nowhere else."""
    desk, provider = request.app[DESK], _provider(request)
    onward = local(request.query.get("suite", "/")[:_LONGEST])
    errand = Errand(new_token(desk.presence.new_id), onward, request.query.get("preuve") == "1")
    door = await provider.door(errand, _back(desk, provider))
    response = web.Response(status=303, headers={"Location": door})
    response.set_cookie(
        *(_cookie(desk), errand.cookie),
        max_age=LASTS,
        path="/",
        secure=desk.is_secure,
        httponly=True,
        samesite="Lax",  # it must come back from the organisation's own page
    )
    return response


async def come_back(request: web.Request) -> web.Response:
    """The code is good once, and in the browser that left."""
    desk, provider = request.app[DESK], _provider(request)
    errand = errand_of(request.cookies.get(_cookie(desk), ""))
    try:
        token = await _come_in(request, provider, errand)
    except MaillageError as refused:
        response = sign_in_again(request, refused, errand.onward if errand else "/")
    else:
        former = asked(request)
        if former.visitor is not None:
            await desk.presence.sign_out(former.visitor)
        response = signed_in(request, token, local(errand.onward) if errand else "/")
    response.del_cookie(_cookie(desk), path="/")
    return response


async def _come_in(request: web.Request, provider: Provider, errand: Errand | None) -> str:
    desk, query = request.app[DESK], request.query
    code, state = query.get("code", ""), query.get("state", "")
    if errand is None or not hmac.compare_digest(state.encode(), errand.state.encode()):
        raise NotVouched
    # RFC 9207: an answer that another provider mixed in.
    if query.get("iss", provider.organisation.issuer) != provider.organisation.issuer:
        raise NotVouched
    if not 0 < len(code) <= _LONGEST:
        raise NotVouched
    vouched = await provider.vouched(errand, code, _back(desk, provider))
    return await desk.vouching.come_in(provider.organisation, vouched, place_of(request))


def _provider(request: web.Request) -> Provider:
    found = request.app[DESK].providers.get(request.match_info["organisation"])
    if found is None:
        raise web.HTTPNotFound
    return found


def _back(desk: Desk, provider: Provider) -> str:
    return f"{desk.url}/connexion/organisme/{provider.organisation.id}/retour"


def _cookie(desk: Desk) -> str:
    return f"{desk.cookie}-organisme"
