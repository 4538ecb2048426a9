"""The mairie enrols a merchant: each mistake at its field; the same form twice is once."""

from aiohttp import web

from appservice.domain.enrolment import LANGUAGES, EnrolmentRefused, Mistake
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
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
from appservice.web.enrolling.typed import FEW, Typed, understand
from appservice.web.languages import NAMES
from appservice.web.rendering import render


async def form_page(request: web.Request) -> web.Response:
    return _form(request, Typed(), {})


async def enrol(request: web.Request) -> web.Response:
    """Twice the same person is once: the second time, they are answered as they are."""
    typed, by = _typed(request), _mairie(request)
    territory = territory_of(request)
    enrolment = request.app[DESK].enrolment
    understood = understand(typed, territory, enrolment.server_name)
    examined = await enrolment.examine([understood.person], by)
    problems = {**by_field(examined.mistakes), **understood.problems}
    if problems:
        return _form(request, typed, problems, 422)
    lookalikes = examined.lookalikes.get(0, ())
    if lookalikes and not text_of(request, "distinct"):
        return _form(request, typed, {}, 422, lookalikes)
    try:
        member = await enrolment.enrol(understood.person, by)
    except EnrolmentRefused as refused:  # somebody was faster
        return _form(request, typed, by_field(refused.mistakes), 422)
    return sent_to(f"/inscrit/{member.id}")


async def edit_page(request: web.Request) -> web.Response:
    """The same form, with what the register says."""
    found = await request.app[DESK].editing.of(visitor_of(request), member_of(request))
    if found is None:
        raise web.HTTPNotFound
    return _form(request, _known(found), {}, member=found)


async def edit(request: web.Request) -> web.Response:
    """Twice the same is once."""
    visitor, editing, typed = visitor_of(request), request.app[DESK].editing, _typed(request)
    found = await editing.of(visitor, member_of(request))
    if found is None:
        raise web.HTTPNotFound
    understood = understand(typed, territory_of(request), editing.enrolment.server_name)
    distinct = bool(text_of(request, "distinct"))
    problems = dict(understood.problems)
    lookalikes: tuple[Member, ...] = ()
    if not problems:
        try:
            changed = await editing.change(visitor, found.id, understood.person, distinct=distinct)
        except EnrolmentRefused as refused:
            problems = by_field(refused.mistakes)
        else:
            lookalikes = changed.lookalikes if changed is not None else ()
    if problems or lookalikes:
        return _form(request, typed, problems, 422, lookalikes, member=found)
    return sent_to(f"/participants/{found.id}")


async def enrolled_page(request: web.Request) -> web.Response:
    """Who was just enrolled."""
    found = await request.app[DESK].register.member(visitor_of(request), member_of(request))
    if found is None:
        raise web.HTTPNotFound
    member = found.member
    return render(request, "enrolled.html", member=member, territory=territory_of(request))


def _form(
    request: web.Request,
    typed: Typed,
    problems: dict[str, str],
    status: int = 200,
    lookalikes: tuple[Member, ...] = (),
    member: Member | None = None,
) -> web.Response:
    """To enrol somebody, or to mend what is known of `member`."""
    territory = territory_of(request)
    return render(
        *(request, "enrol.html", status),
        problems=problems,
        typed=typed,
        lookalikes=lookalikes,
        member=member,
        communes=[(place.insee, place.name) for place in territory.communes.values()],
        few=len(territory.communes) <= FEW,
        trades=[(trade.id, trade.name) for trade in territory.trades.values()],
        channels=[(channel.value, channel.label) for channel in Channel],
        spoken={code: NAMES[code] for code in LANGUAGES},
    )


def _known(member: Member) -> Typed:
    """As one would have typed it."""
    return Typed(
        name=member.name,
        shop=member.shop,
        siret=member.siret,
        trades=member.trades,
        commune=member.commune,
        phone=member.phone or "",
        channels=tuple(channel.value for channel in member.channels),
        mxid=member.mxid or "",
        language=member.language,
        fallback=member.sms_fallback,
    )


def _typed(request: web.Request) -> Typed:
    return Typed(
        name=text_of(request, "name"),
        shop=text_of(request, "shop"),
        siret=text_of(request, "siret"),
        trades=several_of(request, "trades"),
        commune=text_of(request, "commune"),
        phone=text_of(request, "phone"),
        channels=several_of(request, "channels"),
        mxid=text_of(request, "mxid"),
        language=text_of(request, "language"),
        fallback=bool(text_of(request, "fallback")),
    )


def by_field(mistakes: tuple[Mistake, ...]) -> dict[str, str]:
    """The first one of each field, as forms show them."""
    found: dict[str, str] = {}
    for mistake in mistakes:
        found.setdefault(mistake.field, mistake.french)
    return found


def _mairie(request: web.Request) -> MemberId:
    member = visitor_of(request).account.member
    if member is None:
        raise NotAllowed
    return member
