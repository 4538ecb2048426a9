"""A sheet of merchants (CSV), each mistake at its line and column."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from appservice.domain.enrolment import Mistake
from appservice.domain.member import Member
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
}
"""The first line of a sheet, and the fields of a person that it names."""
_REQUIRED = ("nom", "commerce", "metiers", "commune", "canaux")
UTF8 = b"\xef\xbb\xbf"
"""Tells spreadsheets what the file is written in."""
_SEPARATORS = ";,\t"
MOST_LINES = 1000
_LONGEST_CELL = 500
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something to mend. `column` is as the sheet writes it, empty for a whole line."""

    line: int
    column: str
    french: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """People, the lines where they are, and what could not be read."""

    people: Sequence[Member]
    lines: Sequence[int]
    faults: Sequence[Fault]

    def located(self, mistakes: Sequence[Mistake]) -> list[Fault]:
        """What the flow says of people, where the sheet wrote it."""
        columns = {field: column for column, field in COLUMNS.items()}
        return [
            Fault(self.lines[m.rank], columns.get(m.field, m.field), m.french) for m in mistakes
        ]


def template(territory: Territory) -> bytes:
    """A sheet to fill in, with one line as an example; a spreadsheet opens it as it is."""
    trade, commune = next(iter(territory.trades)), next(iter(territory.communes.values()))
    example = (
        "Camille Exemple", "Commerce d'exemple", "", trade,
        f"{commune.insee} {commune.name}", "06 39 98 00 00", "sms", "", "fr",
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


def decoded(data: bytes) -> str:
    """UTF-8, else what an older spreadsheet of Windows writes."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read(text: str, territory: Territory, server_name: str) -> Sheet:
    """Never raises: whatever is wrong is a fault at its line."""
    first, _, _ = text.partition("\n")
    separator = max(_SEPARATORS, key=first.count)
    people: list[Member] = []
    lines: list[int] = []
    faults: list[Fault] = []
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        missing = [name for name in _REQUIRED if name not in header]
        unknown = [name for name in header if name and name not in COLUMNS]
        faults += [Fault(1, name, "Cette colonne manque.") for name in missing]
        faults += [Fault(1, name[:40], "Cette colonne n'est pas attendue.") for name in unknown]
        if faults:
            return Sheet((), (), tuple(faults))
        for line, cells in _filled(rows):
            if len(people) == MOST_LINES:
                faults.append(Fault(line, "", f"{MOST_LINES} personnes au plus par fichier."))
                break
            if len(cells) > len(header) or any(len(cell) > _LONGEST_CELL for cell in cells):
                faults.append(Fault(line, "", "Trop de colonnes, ou un texte trop long."))
                continue
            words = dict(zip(header, cells, strict=False))
            read_so = understand(_typed(words), territory, server_name)
            people.append(read_so.person)
            lines.append(line)
            columns = {field: column for column, field in COLUMNS.items()}
            faults += [Fault(line, columns[f], said) for f, said in read_so.problems.items()]
    except csv.Error:
        faults.append(Fault(rows.line_num, "", "Ligne illisible : un guillemet n'est pas fermé."))
    if not people and not faults:
        faults.append(Fault(1, "", "Le fichier ne contient personne."))
    return Sheet(tuple(people), tuple(lines), tuple(faults))


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
    )
