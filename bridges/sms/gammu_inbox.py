"""SMS as gammu-smsd receives them: the parts of a long one are put together."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridges.protocol import Message
from bridges.sms.numbers import e164

_HOLE = " […] "


@dataclass(frozen=True, slots=True)
class Part:
    """One row of `inbox`: part `place` of `total`; `age` in seconds."""

    row: int
    sender: str
    text: str
    at: datetime
    age: float
    reference: str = ""  # what the parts of one message have in common
    total: int = 1
    place: int = 1


def part_of(row: Mapping[str, Any]) -> Part:
    """Reads the header of a concatenated SMS (3GPP TS 23.040, 8 or 16 bits of reference)."""
    part = Part(row["id"], row["sender"], row["text"], row["at"], float(row["age"]))
    header = str(row["header"] or "").upper()
    if header.startswith("050003") and len(header) >= 12:
        reference, place = header[6:8], 8
    elif header.startswith("060804") and len(header) >= 14:
        reference, place = header[6:10], 10
    else:
        return part
    total, number = int(header[place : place + 2], 16), int(header[place + 2 : place + 4], 16)
    return Part(
        part.row, part.sender, part.text, part.at, part.age, reference, total, number
    )  # fmt: skip


def gather(parts: Sequence[Part], partial_after: float) -> list[list[Part]]:
    """Whole messages in order of arrival; a partial one once nothing more is hoped for."""
    heaps: dict[tuple[str, str, int] | int, list[Part]] = {}
    for part in parts:
        heap = (part.sender, part.reference, part.total) if part.total > 1 else part.row
        heaps.setdefault(heap, []).append(part)
    return [
        sorted(heap, key=lambda part: part.place)
        for heap in heaps.values()
        if len({part.place for part in heap}) == heap[0].total
        or min(part.age for part in heap) > partial_after
    ]


def message_of(heap: Sequence[Part], region: str) -> Message:
    """The message that these parts make; what is missing is shown as a hole."""
    texts = {part.place: part.text for part in heap}
    whole = "".join(texts.get(place, _HOLE) for place in range(1, heap[0].total + 1))
    first = heap[0]
    number = e164(first.sender, region)
    return Message(
        key=_key(heap, whole),
        sender=number or first.sender,
        text=whole,
        sent_at=first.at.replace(tzinfo=UTC),
        sender_number=number,
    )


def _key(heap: Sequence[Part], text: str) -> str:
    """A row's number alone is used again when the database is made anew."""
    first = heap[0]
    said = f"{first.row}\0{first.at.isoformat()}\0{first.sender}\0{text}"
    return f"gammu-{hashlib.sha256(said.encode()).hexdigest()[:32]}"
