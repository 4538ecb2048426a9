"""The communes of France, read from the shipped table one département at a time."""

import csv
import gzip
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from appservice.domain.ids import Insee
from appservice.domain.territory import Commune

TABLE = Path(__file__).parent / "data" / "communes.csv.gz"


def department_of(insee: str) -> str:
    """The département that a commune's code begins with; three characters overseas."""
    return insee[:3] if insee.startswith(("97", "98")) else insee[:2]


def department_exists(department: str) -> bool:
    """Whether that code is a département (or an overseas collectivity) of the table."""
    return department in _lines()


@lru_cache(maxsize=128)
def communes_of(department: str) -> Mapping[Insee, Commune]:
    """The communes of a département by code, in the order of their codes."""
    rows = csv.reader(_lines().get(department, ()))
    return {
        Insee(insee): Commune(Insee(insee), name, code, epci, _centre(lat, lon))
        for insee, name, code, _region, epci, _population, _postal, lat, lon in rows
    }


def find(insee: str) -> Commune | None:
    """The commune with that code, wherever it is."""
    return communes_of(department_of(insee)).get(Insee(insee))


def _centre(lat: str, lon: str) -> tuple[float, float] | None:
    """A hundred communes have none in the table."""
    return (float(lat), float(lon)) if lat and lon else None


@lru_cache(maxsize=1)
def _lines() -> Mapping[str, list[str]]:
    """The lines of the table by département, not yet cut into columns: that is the slow part."""
    lines: dict[str, list[str]] = {}
    with gzip.open(TABLE, "rt", encoding="utf-8", newline="") as table:
        next(table)
        for line in table:
            lines.setdefault(department_of(line), []).append(line)
    return lines
