"""The mairie hands on a link to sign by: a page to print, once, and the way to take it back."""

from collections.abc import Mapping

from aiohttp import web

from appservice.domain.console.search import CharterState
from appservice.domain.errors import InvalidTransition
from appservice.domain.signing import State
from appservice.flows.charter.links import NOT_OUT, MadeLink
from appservice.web.desk import DESK, member_of, sent_to, visitor_of
from appservice.web.drawings import qr_code
from appservice.web.receipts.answer import receipt_file
from appservice.web.rendering import render

LINK_STATES: Mapping[State, str] = {
    "open": "en attente de signature",
    "used": "il a servi",
    "revoked": "annulé ou remplacé",
    "expired": "expiré",
    "locked": "bloqué après trop d'essais",
}
"""What became of a link, in the words of the mairie."""


async def make_link(request: web.Request) -> web.Response:
    """The address is on this page only: whoever loses it makes another, and it stops working."""
    made = await request.app[DESK].signing_links.make(visitor_of(request), member_of(request))
    if made is None:
        raise web.HTTPNotFound
    return _sheet(request, made)


async def readmission_page(request: web.Request) -> web.Response:
    """What readmitting somebody means, before it is done."""
    found = await request.app[DESK].register.member(visitor_of(request), member_of(request))
    if found is None:
        raise web.HTTPNotFound
    if found.state is not CharterState.REVOKED:
        raise InvalidTransition(NOT_OUT)
    return render(request, "readmission.html", member=found.member)


async def readmit(request: web.Request) -> web.Response:
    """Nobody is back before they have signed: what is made is the link to do so."""
    made = await request.app[DESK].signing_links.readmit(visitor_of(request), member_of(request))
    if made is None:
        raise web.HTTPNotFound
    return _sheet(request, made)


async def revoke_link(request: web.Request) -> web.Response:
    member = member_of(request)
    done = await request.app[DESK].signing_links.revoke(visitor_of(request), member)
    if done is None:
        raise web.HTTPNotFound
    return sent_to(f"/participants/{member}")


async def receipt(request: web.Request) -> web.Response:
    """Of the last signature; taking one out is an act."""
    desk = request.app[DESK]
    record = await desk.receipts.of_member(visitor_of(request), member_of(request))
    return await receipt_file(request, record)


def _sheet(request: web.Request, made: MadeLink) -> web.Response:
    desk = request.app[DESK]
    address = f"{desk.url}/signer/{made.token}"
    territory = desk.world.territory_of(made.member)
    return render(
        request,
        "link.html",
        made=made,
        member=made.member,
        territory=territory,
        address=address,
        code=f"{made.code[:3]} {made.code[3:]}" if made.code else "",
        qr=qr_code(address),
    )
