"""Reads charters: a small front matter, then the exact text that people sign."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from appservice.domain.charter import Charter, Former
from appservice.domain.telephone.rules import PARIS
from appservice.files.templates import REMINDER, says_the_reminder
from appservice.files.yaml_source import ProblemList, Table, parse_yaml, read_text

_FENCE = "---\n"
_LONGEST_DAYS = 3 * 366
_GRACE = ("replaces", "since", "grace_days")
_LONGEST_GRACE = 90
_HASH = re.compile(r"[0-9a-f]{64}")


def read_charters(folder: Path, problems: ProblemList) -> Mapping[str, Charter]:
    """Every charter of the folder by id, in its version in force."""
    found: dict[str, Charter] = {}
    paths = sorted(folder.glob("*.md"))
    if not paths:
        problems.add(folder, 1, "aucune charte dans ce dossier")
    for path in paths:
        charter = _charter(path, problems)
        if charter is None:
            continue
        if charter.id in found:
            problems.add(path, 1, f"la charte « {charter.id} » est écrite deux fois")
        found[charter.id] = charter
    return found


def _charter(path: Path, problems: ProblemList) -> Charter | None:
    whole = read_text(path, problems)
    if whole is None:
        return None
    if "\r" in whole:
        # The hash is over bytes: an editor that changes line ends would void every signature.
        problems.add(path, 1, "fins de ligne Windows : enregistrez en fins de ligne Unix")
        return None
    front, text = _split(whole)
    if front is None:
        problems.add(path, 1, "l'en-tête entre deux lignes « --- » manque")
        return None
    # An empty first line stands for the fence, so that mistakes keep their line.
    table = parse_yaml(path, "\n" + front, problems)
    if table is None:
        return None
    table.only("id", "version", "title", "valid_days", "replaces", "since", "grace_days")
    _check_text(path, text, 3 + front.count("\n"), problems)
    days = _days(table, problems)
    former = _former(table, text, problems)
    return Charter(
        id=table.text("id"),
        version=table.text("version"),
        title=table.text("title"),
        text=text,
        valid_for=timedelta(days=days),
        former=former,
    )


def _days(table: Table, problems: ProblemList) -> int:
    before = len(problems)
    days = table.whole("valid_days")
    if 0 < days <= _LONGEST_DAYS:
        return days
    if len(problems) == before:
        table.problem("valid_days", f"« valid_days » va de 1 à {_LONGEST_DAYS}, pas {days}")
    return 1


def _former(table: Table, text: str, problems: ProblemList) -> Former | None:
    """« replaces », « since » and « grace_days » come together, or not at all."""
    given = [key for key in _GRACE if key in table]
    if not given:
        return None
    before = len(problems)
    replaces, since = table.text("replaces"), table.day("since")
    days = table.whole("grace_days")
    if len(problems) > before:
        return None
    if not _HASH.fullmatch(replaces):
        table.problem("replaces", "« replaces » est l'empreinte (SHA-256) du texte précédent")
    elif replaces == hashlib.sha256(text.encode()).hexdigest():
        table.problem("replaces", "« replaces » est l'empreinte de ce texte même")
    if not 0 < days <= _LONGEST_GRACE:
        table.problem("grace_days", f"« grace_days » va de 1 à {_LONGEST_GRACE}, pas {days}")
    if len(problems) > before:
        return None
    ends = datetime.combine(since, time(), ZoneInfo(PARIS)) + timedelta(days=days)
    return Former(replaces, ends.astimezone(UTC))


def _split(whole: str) -> tuple[str | None, str]:
    if not whole.startswith(_FENCE):
        return None, ""
    front, fence, text = whole.removeprefix(_FENCE).partition("\n" + _FENCE)
    return (front if fence else None), text


def _check_text(path: Path, text: str, line: int, problems: ProblemList) -> None:
    if not text.strip():
        problems.add(path, line, "le texte de la charte est vide")
        return
    if not says_the_reminder(text):
        problems.add(path, line, f"la charte doit dire « {REMINDER} »")
    if "professionnel" not in text.lower():
        problems.add(path, line, "la charte doit dire que l'usage est professionnel")
