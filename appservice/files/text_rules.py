"""Reads the `sms` section of a territory: quiet hours, time zone, accents."""

import re
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appservice.domain.telephone.rules import PARIS, QuietHours, TextRules
from appservice.files.yaml_source import Table

_OVERSEAS = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}
_HOURS = re.compile(r"(\d{1,2})\s?[h:](\d{2})?\s*(?:-|à)\s*(\d{1,2})\s?[h:](\d{2})?")
NEVER = "aucune"


def read_text_rules(territory: Table, department: str) -> TextRules:
    """What the territory says, or what is usual: quiet from 22 h to 7 h, one SMS an alert."""
    zone = _OVERSEAS.get(department, PARIS)
    table = territory.table("sms", required=False)
    if table is None:
        return TextRules(QuietHours(zone=zone))
    table.only("quiet_hours", "timezone", "gsm7_only")
    zone = _zone(table, zone)
    return TextRules(_quiet(table, zone), table.flag("gsm7_only", True))


def _zone(table: Table, usual: str) -> str:
    name = table.text("timezone", usual)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        table.problem("timezone", f"fuseau horaire inconnu « {name} » (par exemple {PARIS})")
        return usual
    return name


def _quiet(table: Table, zone: str) -> QuietHours | None:
    written = table.text("quiet_hours", "22h-7h")
    if written == NEVER:
        return None
    found = _HOURS.fullmatch(written)
    hours = [int(part or 0) for part in found.groups()] if found is not None else [24] * 4
    try:
        begins, ends = time(hours[0], hours[1]), time(hours[2], hours[3])
    except ValueError:
        begins = ends = time(0)
    if begins == ends:
        table.problem(
            "quiet_hours",
            f"« quiet_hours » s'écrit « 22h-7h », « 22h30-6h45 » ou {NEVER}, pas « {written} »",
        )
        return None
    return QuietHours(begins, ends, zone)
