"""A sheet of merchants (CSV), each mistake at its line and column."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import IO, TextIO

from appservice.domain.console.sheet import Fault, Line
from appservice.domain.territory import Territory
from appservice.web.enrolling.typed import Typed, understand

COLUMNS: Mapping[str, str] = {
    "nom": "name",
    "commerce": "shop",
    "siret": "siret",
    "metiers": "trades",
    "commune": "commune",
    "mobile": "phone",
    "canaux": "channels",
    "element": "mxid",
    "langue": "language",
    "formation": "trained",
}
"""The first line of a sheet, and the fields of a person that it names."""
_REQUIRED = ("nom", "commerce", "metiers", "commune", "canaux")
UTF8 = b"\xef\xbb\xbf"
"""Tells spreadsheets what the file is written in."""
_SEPARATORS = ";,\t"
MOST_LINES = 10_000
_LONGEST_CELL = 500
_LONGEST_HEADER = 2000
_BLOCK = 64 * 1024
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def template(territory: Territory) -> bytes:
    """A sheet to fill in, with one line as an example; a spreadsheet opens it as it is."""
    trade, commune = next(iter(territory.trades)), next(iter(territory.communes.values()))
    example = (
        "Camille Exemple", "Commerce d'exemple", "", trade,
        f"{commune.insee} {commune.name}", "06 39 98 00 00", "sms", "", "fr", "",
    )  # fmt: skip
    return written([tuple(COLUMNS), example])


def written(rows: Iterable[Sequence[str]]) -> bytes:
    """A file that spreadsheets open, in which no cell is taken for a formula."""
    return UTF8 + rows_of(rows)


def rows_of(rows: Iterable[Sequence[str]]) -> bytes:
    """Some lines of such a file, which begins with UTF8."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def harmless(cell: str) -> str:
    """A text that would begin a formula begins with an apostrophe."""
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell


def text_of(file: IO[bytes]) -> TextIO:
    """UTF-8, else what an older spreadsheet of Windows writes; read as it is asked for."""
    check = codecs.getincrementaldecoder("utf-8")()
    encoding = "utf-8-sig"
    try:
        while block := file.read(_BLOCK):
            check.decode(block)
        check.decode(b"", final=True)
    except UnicodeDecodeError:
        encoding = "cp1252"
    file.seek(0)
    return io.TextIOWrapper(file, encoding, errors="replace", newline="")


def lines_of(text: TextIO, territory: Territory, server_name: str) -> Iterator[Line]:
    """Never raises: whatever is wrong is a fault at its line; at least one line comes."""
    first = text.readline(_LONGEST_HEADER)
    separator = max(_SEPARATORS, key=first.count)
    rows = csv.reader(chain([first], text), delimiter=separator, strict=True)
    count = 0
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        if faults := tuple(_about_columns(header)):
            yield Line(1, None, faults)
            return
        for number, cells in _filled(rows):
            if count == MOST_LINES:
                yield _unread(number, f"{MOST_LINES} personnes au plus par fichier.")
                return
            count += 1
            yield _read(number, header, cells, territory, server_name)
    except csv.Error:
        count += 1
        yield _unread(rows.line_num, "Ligne illisible : un guillemet n'est pas fermé.")
    if not count:
        yield _unread(1, "Le fichier ne contient personne.")


def _about_columns(header: Sequence[str]) -> Iterator[Fault]:
    for name in _REQUIRED:
        if name not in header:
            yield Fault(1, name, "Cette colonne manque.")
    for name in header:
        if name and name not in COLUMNS:
            yield Fault(1, name[:40], "Cette colonne n'est pas attendue.")


def _read(
    number: int, header: Sequence[str], cells: Sequence[str], land: Territory, server_name: str
) -> Line:
    if len(cells) > len(header) or any(len(cell) > _LONGEST_CELL for cell in cells):
        return _unread(number, "Trop de colonnes, ou un texte trop long.")
    words = dict(zip(header, cells, strict=False))
    read_so = understand(_typed(words), land, server_name)
    problems = read_so.problems.items()
    faults = tuple(Fault(number, name, french) for name, french in problems)
    return Line(number, read_so.person, faults)


def _unread(number: int, french: str) -> Line:
    return Line(number, None, (Fault(number, "", french),))


def _filled(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Lines that hold something; a spreadsheet leaves empty ones at its end."""
    reader = rows
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells  # type: ignore[attr-defined] # of csv.reader


def _typed(words: Mapping[str, str]) -> Typed:
    def several(name: str) -> tuple[str, ...]:
        text = words.get(name, "").replace("+", ",").replace("/", ",").replace(";", ",")
        return tuple(word.strip() for word in text.split(",") if word.strip())

    return Typed(
        name=words.get("nom", ""),
        shop=words.get("commerce", ""),
        siret=words.get("siret", ""),
        trades=several("metiers"),
        commune=words.get("commune", ""),
        phone=words.get("mobile", "").strip(),
        channels=several("canaux"),
        mxid=words.get("element", ""),
        language=words.get("langue", "").strip().lower() or "fr",
        trained=words.get("formation", "").strip(),
    )
