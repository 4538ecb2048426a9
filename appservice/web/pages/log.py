"""The log of acts: for auditors, filtered and taken out; for officers, that of their cases."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web

from appservice.domain.audit import Question
from appservice.domain.console.acts import ACTS, french
from appservice.domain.console.log import Line
from appservice.domain.errors import Refused
from appservice.web.desk import DESK, visitor_of
from appservice.web.enrolling.sheet import UTF8, rows_of
from appservice.web.filters import NOT_A_CHOICE, NOT_A_PAGE
from appservice.web.rendering import render, said

_PARIS = ZoneInfo("Europe/Paris")
_LONGEST = 200
_FIELDS = ("acte", "du", "au", "sujet")
_HEADER = ("numero", "quand", "fonction", "auteur", "acte", "sujet", "precisions")
NOT_A_DAY = "Ce jour n'existe pas : écrivez-le comme 2026-11-21."
BACKWARDS = "La fin vient avant le début."
NOT_A_SUBJECT = "Donnez un dossier (A7, S12) ou un identifiant, tel que le journal l'écrit."


async def log_page(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    asked, typed, problems = _read(request.query)
    extract = None if problems else await desk.log.read(visitor_of(request), asked)
    names = sorted((said(request, name), verb) for verb, name in ACTS.items())
    return render(
        *(request, "log.html", 422 if problems else 200),
        problems=problems,
        typed=typed,
        query={name: text for name, text in typed.items() if text},
        extract=extract,
        acts=[("", said(request, "Tous")), *((verb, name) for name, verb in names)],
        named=french,
        when=_when,
        public_key=desk.public_key,
    )


async def export(request: web.Request) -> web.Response:
    """What the filters leave, as a file; taking it is an act."""
    asked, _, problems = _read(request.query)
    if problems:
        raise Refused(next(iter(problems.values())))
    lines = await request.app[DESK].log.taken_out(visitor_of(request), asked)
    return _attached(_sheet(lines), "text/csv", "journal.csv")


async def chain_file(request: web.Request) -> web.Response:
    """The whole chain, as `maillage audit verify` reads it."""
    lines = await request.app[DESK].log.sealed(visitor_of(request))
    return _attached(_lines(lines), "application/jsonl", "journal.jsonl")


async def case_page(request: web.Request) -> web.Response:
    """One case, for those who are on it."""
    reference = request.query.get("ref", "").strip().upper()
    extract = None
    if reference:
        extract = await request.app[DESK].log.of_case(visitor_of(request), reference[:_LONGEST])
    problems = {"ref": NOT_YOURS} if reference and extract is None else {}
    return render(
        *(request, "case_log.html", 404 if problems else 200),
        problems=problems,
        reference=reference,
        extract=extract,
        named=french,
        when=_when,
    )


NOT_YOURS = "Aucun dossier de ce numéro auquel vous ayez pris part."


def _read(query: Mapping[str, str]) -> tuple[Question, Mapping[str, str], dict[str, str]]:
    """What is asked, as it was typed, and what is wrong with it by field."""
    typed = {name: query.get(name, "").strip() for name in _FIELDS}
    problems: dict[str, str] = {}
    verb, subject = typed["acte"], typed["sujet"]
    if verb and verb not in ACTS:
        problems["acte"] = NOT_A_CHOICE
    since, until = _day("du", typed, problems), _day("au", typed, problems)
    if since is not None and until is not None and until < since:
        problems["au"] = BACKWARDS
    if len(subject) > _LONGEST or not subject.isprintable():
        problems["sujet"] = NOT_A_SUBJECT
    question = Question(
        verbs=(verb,) if verb else (),
        subject=subject,
        since=_midnight(since),
        until=_midnight(until + timedelta(days=1)) if until is not None else None,
        before=_before(query.get("avant", ""), problems),
    )
    return question, typed, problems


def _day(name: str, typed: Mapping[str, str], problems: dict[str, str]) -> date | None:
    if not typed[name]:
        return None
    try:
        day = date.fromisoformat(typed[name])
    except ValueError:
        day = date.min
    if not 2000 <= day.year < 2200:
        problems[name] = NOT_A_DAY
        return None
    return day


def _midnight(day: date | None) -> datetime | None:
    """By the clocks of Paris: the days that people mean."""
    return None if day is None else datetime.combine(day, time(), _PARIS)


def _before(text: str, problems: dict[str, str]) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        problems["avant"] = NOT_A_PAGE
        return None
    return int(text)


def _when(at: datetime) -> str:
    return at.astimezone(_PARIS).strftime("%d/%m/%Y %H:%M:%S")


def _attached(body: AsyncIterator[bytes], kind: str, name: str) -> web.Response:
    response = web.Response(body=body, content_type=kind)
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
    return response


async def _sheet(batches: AsyncIterator[Sequence[Line]]) -> AsyncIterator[bytes]:
    yield UTF8 + rows_of([_HEADER])
    async for lines in batches:
        yield rows_of(_row(line) for line in lines)


def _row(line: Line) -> tuple[str, ...]:
    act = line.act
    return (
        *(str(line.number), _when(act.at), line.function, act.actor),
        *(french(act.verb), act.subject, " ".join(act.codes)),
    )


async def _lines(lines: AsyncIterator[str]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield f"{line}\n".encode()
