"""The mairie imports a sheet: looked at whole, then enrolled while a bar says how far it is."""

import io
from datetime import timedelta
from typing import Any

from aiohttp import hdrs, web

from appservice.domain.console.sheet import SHOWN, Sheet, SheetId, Stage
from appservice.domain.errors import InvalidTransition
from appservice.domain.wording.common import day_and_hour
from appservice.web.desk import DESK, asked, number_in, sent_to, territory_of, visitor_of
from appservice.web.enrolling import sheet as reading
from appservice.web.protection import scripted
from appservice.web.rendering import render

LARGEST_SHEET = 3 * 1024 * 1024
"""Bytes; ten thousand merchants hold in half of that."""
PATIENCE = timedelta(seconds=1)
"""A sheet of a hundred lines is through before its page is shown."""


async def import_page(request: web.Request) -> web.Response:
    """Where a sheet is given, and those that are under way."""
    sheets = await request.app[DESK].importing.unfinished(visitor_of(request))
    return render(
        *(request, "import.html"),
        columns=reading.COLUMNS,
        most=reading.MOST_LINES,
        sheets=[(sheet, day_and_hour(sheet.at), STAGES[sheet.stage]) for sheet in sheets],
    )


async def template_file(request: web.Request) -> web.Response:
    response = web.Response(body=reading.template(territory_of(request)), content_type="text/csv")
    response.headers[hdrs.CONTENT_DISPOSITION] = 'attachment; filename="commercants.csv"'
    return response


async def give(request: web.Request) -> web.Response:
    """Keeps the sheet, to be looked at; nobody is enrolled."""
    importing = request.app[DESK].importing
    value = asked(request).form.get("sheet", "")
    file = value.file if isinstance(value, web.FileField) else io.BytesIO(str(value).encode())
    land, server_name = territory_of(request), importing.enrolment.server_name
    lines = reading.lines_of(reading.text_of(file), land, server_name)
    return sent_to(f"/importer/{await importing.take_in(visitor_of(request), lines)}")


async def sheet_page(request: web.Request) -> web.Response:
    """Where it stands, what is to be mended, what would be done or what was."""
    shown = await _shown(request, PATIENCE)
    still = not shown["sheet"].stage.is_moving or "fixe" in request.query
    return scripted(render(request, "importing.html", still=still, **shown))


async def sheet_part(request: web.Request) -> web.Response:
    """The same without what is around it, for the script of a page that is open."""
    return render(request, "importing_part.html", **await _shown(request, timedelta()))


async def enrol(request: web.Request) -> web.Response:
    """Twice is once."""
    importing = request.app[DESK].importing
    try:
        found = await importing.enrol(visitor_of(request), _sheet_id(request))
    except InvalidTransition:
        return scripted(
            render(request, "importing.html", 409, still=True, **await _shown(request, PATIENCE))
        )
    if found is None:
        raise web.HTTPNotFound
    return sent_to(f"/importer/{found.id}")


async def _shown(request: web.Request, patience: timedelta) -> dict[str, Any]:
    importing, visitor = request.app[DESK].importing, visitor_of(request)
    sheet = await importing.sheet(visitor, _sheet_id(request), patience)
    if sheet is None:
        raise web.HTTPNotFound
    part = _part(request, sheet)
    rows = await importing.preview(visitor, sheet, part) if sheet.stage is Stage.READY else ()
    return {
        "sheet": sheet,
        "stage": STAGES[sheet.stage],
        "rows": rows,
        "part": part + 1,
        "columns": {field: column for column, field in reading.COLUMNS.items()},
        "territory": territory_of(request),
        "shown": SHOWN,
    }


def _part(request: web.Request, sheet: Sheet) -> int:
    wanted = number_in(request.query.get("page", "")) or 1
    return min(max(wanted, 1), sheet.parts) - 1


def _sheet_id(request: web.Request) -> SheetId:
    text = request.match_info["sheet"]
    if not text.isprintable():
        raise web.HTTPNotFound
    return SheetId(text)


STAGES = {
    Stage.LOOKING: "Lecture du fichier",
    Stage.TO_MEND: "À corriger dans le fichier",
    Stage.READY: "Ce qui serait fait",
    Stage.ENROLLING: "Inscription en cours",
    Stage.HALTED: "Inscription arrêtée",
    Stage.ENROLLED: "C'est fait",
}
