"""The mairie enrols a merchant, or a sheet of them: looked at first, then written, once."""

from aiohttp import hdrs, web

from appservice.domain.enrolment import LANGUAGES, EnrolmentRefused, Mistake
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member
from appservice.web.desk import (
    DESK,
    asked,
    member_of,
    sent_to,
    several_of,
    territory_of,
    text_of,
    visitor_of,
)
from appservice.web.enrolling import sheet
from appservice.web.enrolling.typed import Typed, understand
from appservice.web.languages import NAMES
from appservice.web.rendering import render

LARGEST_SHEET = 512 * 1024
"""Bytes; a thousand merchants hold in a fifth of that."""
_FEW = 25
"""Communes that a list shows; beyond, one types and the browser completes."""


async def form_page(request: web.Request) -> web.Response:
    return _form(request, Typed(), {})


async def enrol(request: web.Request) -> web.Response:
    """Twice the same person is once: the second time, they are answered as they are."""
    typed, by = _typed(request), _mairie(request)
    territory = territory_of(request)
    enrolment = request.app[DESK].enrolment
    understood = understand(typed, territory, enrolment.server_name)
    examined = await enrolment.examine([understood.person], by)
    problems = {**_by_field(examined.mistakes), **understood.problems}
    if problems:
        return _form(request, typed, problems, 422)
    lookalikes = examined.lookalikes.get(0, ())
    if lookalikes and not text_of(request, "distinct"):
        return _form(request, typed, {}, 422, lookalikes)
    try:
        member = await enrolment.enrol(understood.person, by)
    except EnrolmentRefused as refused:  # somebody was faster
        return _form(request, typed, _by_field(refused.mistakes), 422)
    return sent_to(f"/inscrit/{member.id}")


async def enrolled_page(request: web.Request) -> web.Response:
    """Who was just enrolled."""
    found = await request.app[DESK].register.member(visitor_of(request), member_of(request))
    if found is None:
        raise web.HTTPNotFound
    member = found.member
    return render(request, "enrolled.html", member=member, territory=territory_of(request))


async def import_page(request: web.Request) -> web.Response:
    return render(request, "import.html", columns=sheet.COLUMNS, most=sheet.MOST_LINES)


async def template_file(request: web.Request) -> web.Response:
    response = web.Response(body=sheet.template(territory_of(request)), content_type="text/csv")
    response.headers[hdrs.CONTENT_DISPOSITION] = 'attachment; filename="commercants.csv"'
    return response


async def look_at_sheet(request: web.Request) -> web.Response:
    """What enrolling this sheet would do; nothing is written."""
    return await _preview(request, _sheet_text(request))


async def enrol_sheet(request: web.Request) -> web.Response:
    """The sheet that was looked at comes back with the page, and is judged anew."""
    text, by = _sheet_text(request), _mairie(request)
    enrolment = request.app[DESK].enrolment
    read = sheet.read(text, territory_of(request), enrolment.server_name)
    if read.faults:
        return await _preview(request, text)
    try:
        people = await enrolment.enrol_all(read.people, by)
    except EnrolmentRefused:
        return await _preview(request, text)
    return render(request, "imported.html", people=people)


async def _preview(request: web.Request, text: str) -> web.Response:
    enrolment = request.app[DESK].enrolment
    read = sheet.read(text, territory_of(request), enrolment.server_name)
    examined = await enrolment.examine(read.people, _mairie(request))
    unread = {(fault.line, fault.column) for fault in read.faults}
    said = [f for f in read.located(examined.mistakes) if (f.line, f.column) not in unread]
    faults = sorted([*read.faults, *said])
    return render(
        *(request, "import_preview.html", 422 if faults else 200),
        faults=faults,
        people=read.people,
        lines=read.lines,
        enrolled=examined.enrolled,
        lookalikes=examined.lookalikes,
        territory=territory_of(request),
        text=text,
    )


def _form(
    request: web.Request,
    typed: Typed,
    problems: dict[str, str],
    status: int = 200,
    lookalikes: tuple[Member, ...] = (),
) -> web.Response:
    territory = territory_of(request)
    return render(
        *(request, "enrol.html", status),
        problems=problems,
        typed=typed,
        lookalikes=lookalikes,
        communes=[(place.insee, place.name) for place in territory.communes.values()],
        few=len(territory.communes) <= _FEW,
        trades=[(trade.id, trade.name) for trade in territory.trades.values()],
        channels=[(channel.value, channel.label) for channel in Channel],
        spoken={code: NAMES[code] for code in LANGUAGES},
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


def _sheet_text(request: web.Request) -> str:
    value = asked(request).form.get("sheet", "")
    if isinstance(value, web.FileField):
        return sheet.decoded(value.file.read())
    return value if isinstance(value, str) else ""


def _by_field(mistakes: tuple[Mistake, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for mistake in mistakes:
        found.setdefault(mistake.field, mistake.french)
    return found


def _mairie(request: web.Request) -> MemberId:
    member = visitor_of(request).account.member
    if member is None:
        raise NotAllowed
    return member
