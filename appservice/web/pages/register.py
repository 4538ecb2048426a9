"""Who is enrolled: searched, filtered, a page at a time, or taken out as a file."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import hdrs, web

from appservice.domain.charter import InForce
from appservice.domain.console.search import CharterState, Order
from appservice.domain.errors import Refused
from appservice.domain.member import Channel, Role
from appservice.domain.wording import telephone as words
from appservice.domain.world import World
from appservice.flows.console.register import Participant
from appservice.web.desk import DESK, member_of, territory_of, visitor_of
from appservice.web.enrolling.sheet import UTF8, rows_of
from appservice.web.filters import read_search
from appservice.web.pages.links import LINK_STATES
from appservice.web.rendering import render, said

FEW_COMMUNES = 25
"""That a list shows; beyond, one types and the browser completes."""
TRAININGS = (("oui", "Suivie"), ("non", "À suivre"))
_HEADER = (
    "nom", "commerce", "fonction", "metiers", "commune", "mobile", "canaux", "charte", "jusqu'au",
    "formation",
)  # fmt: skip


async def list_page(request: web.Request) -> web.Response:
    visitor, desk, territory = visitor_of(request), request.app[DESK], territory_of(request)
    wished = read_search(request.query, territory)
    listing = None
    if not wished.problems:
        listing = await desk.register.listed(visitor, wished.search, wished.page)
    communes = [(place.insee, place.name) for place in territory.communes.values()]
    return render(
        *(request, "participants.html", 422 if wished.problems else 200),
        problems=wished.problems,
        typed=wished.typed,
        listing=listing,
        query={name: text for name, text in wished.typed.items() if text},
        by_place=listing is not None and listing.order is not wished.search.order,
        trades=[("", said(request, "Tous")), *((t.id, t.name) for t in territory.trades.values())],
        communes=communes,
        few=len(communes) <= FEW_COMMUNES,
        channels=[("", said(request, "Tous")), *((c.value, c.label) for c in Channel)],
        states=[("", said(request, "Toutes")), *_labels(request, CharterState)],
        trainings=[("", said(request, "Toutes")), *((k, said(request, v)) for k, v in TRAININGS)],
        orders=list(_labels(request, Order)),
        place=lambda one: _place(one, desk.world),
        reached=lambda one: words.channels(one.member, one.consent),
    )


async def export(request: web.Request) -> web.Response:
    """The people of the same filters, as a file; taking it is an act."""
    desk = request.app[DESK]
    wished = read_search(request.query, territory_of(request))
    if wished.problems:
        raise Refused(next(iter(wished.problems.values())))
    people = await desk.register.taken_out(visitor_of(request), wished.search)
    response = web.Response(body=_file(people, desk.world), content_type="text/csv")
    response.headers[hdrs.CONTENT_DISPOSITION] = 'attachment; filename="participants.csv"'
    return response


async def _file(
    people: AsyncIterator[Sequence[Participant]], world: World
) -> AsyncIterator[bytes]:
    yield UTF8 + rows_of([_HEADER])
    async for some in people:
        yield rows_of(_row(one, world) for one in some)


def _row(one: Participant, world: World) -> tuple[str, ...]:
    member, standing = one.member, one.standing
    return (
        *(member.name, member.shop, member.role.french),
        *(", ".join(member.trades), _place(one, world), member.phone or ""),
        words.channels(member, one.consent),
        one.state.french,
        f"{standing.until:%d/%m/%Y}" if isinstance(standing, InForce) else "",
        f"{member.trained:%d/%m/%Y}" if member.trained else "",
    )


async def member_page(request: web.Request) -> web.Response:
    found = await request.app[DESK].register.member(visitor_of(request), member_of(request))
    if found is None:
        raise web.HTTPNotFound
    desk = request.app[DESK]
    link = await desk.signing_links.latest(visitor_of(request), found.member.id)
    account = await desk.handing.account_of(visitor_of(request), found.member.id)
    values = {"link": link, "link_states": LINK_STATES, "account": account}
    return _about(request, "participant.html", found, **values)


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


def _about(request: web.Request, template: str, found: Participant, **values: Any) -> web.Response:
    world, member = request.app[DESK].world, found.member
    territory = world.territory_of(member)
    trades = territory.trades if territory else {}
    standing = found.standing
    signed = isinstance(standing, InForce) or standing.reason not in ("never-signed", "revoked")
    return render(
        *(request, template),
        member=member,
        standing=standing,
        is_merchant=member.role is Role.MERCHANT,
        in_force=isinstance(standing, InForce),
        editable=member.id != visitor_of(request).account.member,
        zones=territory.zone_names(member.zones) if territory else [],
        removable=signed and member.id != visitor_of(request).account.member,
        place=_place(found, world),
        trades=[trades[trade].name if trade in trades else trade for trade in member.trades],
        channels=words.channels(member, found.consent),
        **values,
    )


def _labels(request: web.Request, kind: type[CharterState | Order]) -> list[tuple[str, str]]:
    return [(one.value, said(request, one.french)) for one in kind]


def _place(one: Participant, world: World) -> str:
    """The commune's name; files may have lost it since."""
    territory = world.territory_of(one.member)
    place = territory.communes.get(one.member.commune) if territory else None
    return place.name if place else one.member.commune
