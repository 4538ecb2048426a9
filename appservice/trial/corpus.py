"""Reads labelled messages from JSON Lines."""

import json
from dataclasses import dataclass
from pathlib import Path

from appservice.domain.moderation import Decision, Submission


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message with the decision and the rules a jurist expects."""

    id: str
    submission: Submission
    decision: Decision
    rules: frozenset[str]


def read_corpus(path: Path) -> list[Labelled]:
    """Every labelled message of the file."""
    return [_labelled(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _labelled(line: str) -> Labelled:
    entry = json.loads(line)
    room = entry.get("room", {})
    return Labelled(
        id=entry["id"],
        submission=Submission(
            entry["text"], entry["author_role"], room.get("trade", ""), room.get("commune", "")
        ),
        decision=Decision(entry["decision"]),
        rules=frozenset(entry["rules"]),
    )
