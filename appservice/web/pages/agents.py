"""Enrolling the agents of one's land, and mending what is known of them: after a code."""

from aiohttp import web

from appservice.domain.enrolment import LANGUAGES, EnrolmentRefused
from appservice.domain.member import Channel, Member
from appservice.web.desk import (
    DESK,
    member_of,
    sent_to,
    several_of,
    territory_of,
    text_of,
    visitor_of,
)
from appservice.web.enrolling.typed import AGENTS, FEW, Typed, understand_agent, zones_of
from appservice.web.languages import NAMES
from appservice.web.pages.enrol import by_field
from appservice.web.rendering import render

_LONGEST_LIST = 2000


async def form_page(request: web.Request) -> web.Response:
    return _form(request, Typed(), {})


async def enrol(request: web.Request) -> web.Response:
    """Twice the same person is once."""
    agents, typed = request.app[DESK].agents, _typed(request)
    server = agents.enrolment.server_name
    understood = understand_agent(typed, territory_of(request), server)
    problems = dict(understood.problems)
    if not problems:
        try:
            member = await agents.enrol(visitor_of(request), understood.person)
        except EnrolmentRefused as refused:
            problems = by_field(refused.mistakes)
        else:
            return sent_to(f"/inscrit/{member.id}")
    return _form(request, typed, problems, 422)


async def edit_page(request: web.Request) -> web.Response:
    """The same form, with what the register says."""
    found = await request.app[DESK].agents.of(visitor_of(request), member_of(request))
    if found is None:
        raise web.HTTPNotFound
    return _form(request, _known(found, request), {}, member=found)


async def edit(request: web.Request) -> web.Response:
    """Twice the same is once."""
    agents, typed = request.app[DESK].agents, _typed(request)
    found = await agents.of(visitor_of(request), member_of(request))
    if found is None:
        raise web.HTTPNotFound
    understood = understand_agent(typed, territory_of(request), agents.enrolment.server_name)
    problems = dict(understood.problems)
    if not problems:
        try:
            await agents.change(visitor_of(request), found.id, understood.person)
        except EnrolmentRefused as refused:
            problems = by_field(refused.mistakes)
        else:
            return sent_to(f"/participants/{found.id}")
    return _form(request, typed, problems, 422, found)


def _form(
    request: web.Request,
    typed: Typed,
    problems: dict[str, str],
    status: int = 200,
    member: Member | None = None,
) -> web.Response:
    territory = territory_of(request)
    return render(
        *(request, "agent.html", status),
        problems=problems,
        typed=typed,
        member=member,
        roles=[(role.value, role.french.capitalize()) for role in AGENTS],
        zones=[(str(zone), territory.zone_name(zone)) for zone in zones_of(territory)],
        few=len(territory.communes) <= FEW,
        channels=[(channel.value, channel.label) for channel in Channel],
        spoken={code: NAMES[code] for code in LANGUAGES},
    )


def _known(member: Member, request: web.Request) -> Typed:
    """As one would have typed it."""
    ticked = {str(zone) for zone in zones_of(territory_of(request))}
    zones = [str(zone) for zone in member.zones]
    return Typed(
        name=member.name,
        phone=member.phone or "",
        channels=tuple(channel.value for channel in member.channels),
        mxid=member.mxid or "",
        language=member.language,
        fallback=member.sms_fallback,
        role=member.role.value,
        zones=tuple(zone for zone in zones if zone in ticked),
        communes=" ; ".join(zone.code for zone in member.zones if str(zone) not in ticked),
    )


def _typed(request: web.Request) -> Typed:
    return Typed(
        name=text_of(request, "name"),
        phone=text_of(request, "phone"),
        channels=several_of(request, "channels"),
        mxid=text_of(request, "mxid"),
        language=text_of(request, "language"),
        fallback=bool(text_of(request, "fallback")),
        role=text_of(request, "role"),
        zones=several_of(request, "zones"),
        communes=text_of(request, "communes", _LONGEST_LIST),
    )
