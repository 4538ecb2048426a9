"""Reads how long things are kept: a number of days each, with its article and who looked when."""

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

from appservice.domain.world import Retention
from appservice.files.yaml_source import ProblemList, Table, read_yaml

FILE = Path("conservation") / "durees.yaml"
LEAST = 8  # days: a shorter memory would answer a stranger, or handle a resend, twice


def read_retention(policies: Path, problems: ProblemList) -> Retention:
    """What the file says; what ships when an operator's folder has none."""
    path, usual = policies / FILE, Retention()
    table = read_yaml(path, problems) if path.is_file() else None
    if table is None:
        return usual
    names = [field.name for field in fields(Retention)]
    table.only(*names)
    return Retention(**{name: _days(table, name, getattr(usual, name)) for name in names})


def _days(table: Table, name: str, usual: timedelta) -> timedelta:
    entry = table.table(name)
    if entry is None:
        return usual
    entry.only("days", "legal_basis", "verified_on")
    days = entry.whole("days")
    entry.text("legal_basis")
    entry.day("verified_on")
    if "days" in entry and days < LEAST:
        entry.problem("days", f"« {name} » : au moins {LEAST} jours, pas {days}")
    return timedelta(days=days)
