"""Pieces that all sentences share: hours, quotes, reasons of a refusal, the emergency numbers."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

NOT_EMERGENCY_LINE = "Ne remplace pas le 17 ni le 112."
CALL_NOW = (
    "Danger en cours : appelez tout de suite le 17 ou le 112 (114 par SMS si vous ne pouvez pas "
    "parler)."
)

_PARIS = ZoneInfo("Europe/Paris")
_LONGEST = 6000


class Explained(Protocol):
    """A rule, as far as people need to know it."""

    @property
    def legal_basis(self) -> str: ...

    @property
    def sentences(self) -> Mapping[str, str]: ...

    @property
    def advice(self) -> str: ...


def hour(at: datetime, zone: str = "Europe/Paris") -> str:
    """14h05, as clocks there show it."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Hh%M")


def day_and_hour(at: datetime) -> str:
    """21/11 à 14h05."""
    return at.astimezone(_PARIS).strftime("%d/%m à %Hh%M")


def day(at: datetime) -> str:
    """21/11/2026."""
    return at.astimezone(_PARIS).strftime("%d/%m/%Y")


def elapsed(time: timedelta) -> str:
    """« 4 s », « 3 min », « 2 h »."""
    seconds = int(time.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def harmless(text: str) -> str:
    """Without invisible characters that turn the writing direction or hide words."""
    kept = (
        c for c in text if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"}
    )
    return "".join(kept).strip()[:_LONGEST]


def quoted(text: str) -> str:
    """Somebody else's words: no line of theirs can pass for a line of ours."""
    return "« " + "\n| ".join(harmless(text).splitlines()) + " »"


def said(text: str) -> str:
    """Somebody else's words after their name."""
    return "\n| ".join(harmless(text).splitlines())


def reasons(rules: Iterable[str], known: Mapping[str, Explained]) -> str:
    """One line a rule: what is wrong, the rule's name, the article, what to write instead."""
    lines = []
    for rule in dict.fromkeys(rules):
        explained = known.get(rule)
        if explained is None:
            lines.append(f"• règle {rule}")
        else:
            sentence = explained.sentences.get("fr", "")
            advice = f" {explained.advice}" if explained.advice else ""
            lines.append(f"• {sentence} (règle {rule} ; {explained.legal_basis}){advice}")
    return "\n".join(lines)


def plural(count: int, one: str, many: str | None = None) -> str:
    """« 1 groupe », « 3 groupes »."""
    return f"{count} {one}" if count < 2 else f"{count} {many or one + 's'}"
