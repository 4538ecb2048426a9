"""Who is enrolled: searched, filtered, a page at a time."""

from aiohttp import hdrs, web

from appservice.domain.charter import InForce
from appservice.domain.territory import slug
from appservice.domain.wording import telephone as words
from appservice.domain.world import World
from appservice.flows.console.register import Participant
from appservice.web.desk import DESK, member_of, visitor_of
from appservice.web.enrolling.sheet import written
from appservice.web.rendering import render, said

_PAGE = 50
_LONGEST = 80
_HEADER = (
    "nom", "commerce", "fonction", "metiers", "commune", "mobile", "canaux", "charte", "jusqu'au",
)  # fmt: skip
STATES = {
    "": "Toutes les chartes",
    "in-force": "En vigueur",
    "never-signed": "Jamais signée",
    "outdated": "À signer de nouveau",
    "expired": "Échue",
    "revoked": "Retirée",
}


async def list_page(request: web.Request) -> web.Response:
    visitor, desk = visitor_of(request), request.app[DESK]
    wanted = request.query.get("q", "")[:_LONGEST].strip()
    state = request.query.get("charte", "")
    people = await desk.register.everyone(visitor)
    found = [one for one in people if _is_wanted(one, slug(wanted), state)]
    pages = max(1, -(-len(found) // _PAGE))
    number = min(max(_whole(request.query.get("page", "1")), 1), pages)
    return render(
        request,
        "participants.html",
        people=found[(number - 1) * _PAGE : number * _PAGE],
        total=len(people),
        found=len(found),
        wanted=wanted,
        state=state if state in STATES else "",
        states=STATES,
        labels=[(state, said(request, label)) for state, label in STATES.items()],
        number=number,
        pages=pages,
        place=lambda one: _place(one, desk.world),
        channels=lambda one: words.channels(one.member, one.consent),
        is_in_force=lambda one: isinstance(one.standing, InForce),
    )


async def export(request: web.Request) -> web.Response:
    """The whole register of the land, as a file; taking it is an act."""
    world = request.app[DESK].world
    people = await request.app[DESK].register.taken_out(visitor_of(request))
    rows = [
        (
            *(one.member.name, one.member.shop, one.member.role.french),
            *(", ".join(one.member.trades), _place(one, world), one.member.phone or ""),
            words.channels(one.member, one.consent),
            STATES[_state(one)],
            f"{one.standing.until:%d/%m/%Y}" if isinstance(one.standing, InForce) else "",
        )
        for one in people
    ]
    response = web.Response(body=written([_HEADER, *rows]), content_type="text/csv")
    response.headers[hdrs.CONTENT_DISPOSITION] = 'attachment; filename="participants.csv"'
    return response


async def member_page(request: web.Request) -> web.Response:
    found = await request.app[DESK].register.member(visitor_of(request), member_of(request))
    if found is None:
        raise web.HTTPNotFound
    return _about(request, "participant.html", found)


async def removal_page(request: web.Request) -> web.Response:
    found = await request.app[DESK].removal.of(visitor_of(request), member_of(request))
    if found is None:
        raise web.HTTPNotFound
    return _about(request, "removal.html", found)


async def remove(request: web.Request) -> web.Response:
    """Twice is once: the second time there is nothing left to take away."""
    applied = await request.app[DESK].removal.remove(visitor_of(request), member_of(request))
    if applied is None:
        raise web.HTTPNotFound
    return render(request, "removed.html", done=applied.done, left=len(applied.failures))


def _about(request: web.Request, template: str, found: Participant) -> web.Response:
    world, member = request.app[DESK].world, found.member
    territory = world.territory_of(member)
    trades = territory.trades if territory else {}
    standing = found.standing
    signed = isinstance(standing, InForce) or standing.reason not in ("never-signed", "revoked")
    return render(
        *(request, template),
        member=member,
        standing=standing,
        in_force=isinstance(standing, InForce),
        removable=signed and member.id != visitor_of(request).account.member,
        place=_place(found, world),
        trades=[trades[trade].name if trade in trades else trade for trade in member.trades],
        channels=words.channels(member, found.consent),
    )


def _is_wanted(one: Participant, wanted: str, state: str) -> bool:
    if state in STATES and state not in ("", _state(one)):
        return False
    member = one.member
    words = slug(f"{member.name} {member.shop} {' '.join(member.trades)} {member.commune}")
    return wanted in words


def _state(one: Participant) -> str:
    return "in-force" if isinstance(one.standing, InForce) else one.standing.reason


def _place(one: Participant, world: World) -> str:
    """The commune's name; files may have lost it since."""
    territory = world.territory_of(one.member)
    place = territory.communes.get(one.member.commune) if territory else None
    return place.name if place else one.member.commune


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1
