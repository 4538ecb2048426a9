"""Emoji on a card of the poste that do what a command does."""

from collections.abc import Mapping

from appservice.domain.commands.nouns import (
    ApproveAlert,
    ClearReport,
    CloseReport,
    Command,
    RefuseAlert,
    TakeReport,
)
from appservice.domain.ids import AlertId, ReportId

YES = frozenset("✅👍✔☑")
NO = frozenset("❌👎✖🚫")
TAKE = frozenset("👀✋🙋🖐")
CLOSED = frozenset("🏁🔒")
_MODIFIERS = {0xFE0F, 0xFE0E, 0x200D, *range(0x1F3FB, 0x1F400)}

HINTS: Mapping[str, str] = {
    "hold": "✅ valider, ❌ refuser",
    "report": "👀 je prends, ✅ fondé, ❌ infondé, 🏁 clos",
}


def _bare(emoji: str) -> str:
    """Without skin tone and variation selectors: keyboards add them as they like."""
    return "".join(char for char in emoji if ord(char) not in _MODIFIERS)


def reaction_on_alert(emoji: str, alert: AlertId) -> Command | None:
    """On the card of a held alert."""
    bare = _bare(emoji)
    if bare in YES:
        return ApproveAlert(alert)
    if bare in NO:
        return RefuseAlert(alert, "refusée d'un emoji")
    return None


def reaction_on_report(emoji: str, report: ReportId) -> Command | None:
    """On the card of a report."""
    bare = _bare(emoji)
    if bare in TAKE:
        return TakeReport(report)
    if bare in YES:
        return ClearReport(report, founded=True)
    if bare in NO:
        return ClearReport(report, founded=False)
    if bare in CLOSED:
        return CloseReport(report)
    return None
