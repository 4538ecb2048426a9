"""The audit chain of the store in memory, as a whole."""

import json
from collections.abc import AsyncIterator
from datetime import datetime

from appservice.domain.audit import GENESIS, Checkpoint, Entry, checkpoint_bytes, link
from appservice.flows.ports import Seals
from support.memory_tables import Tables


class MemoryChain:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._points: list[Checkpoint] = []

    async def checkpoint(self, seals: Seals, now: datetime) -> Checkpoint | None:
        entries = self._entries()
        if not entries or (self._points and self._points[-1].number == entries[-1].number):
            return None
        number, digest = entries[-1].number, entries[-1].hash
        point = Checkpoint(number, digest, now, seals.sign(checkpoint_bytes(number, digest, now)))
        self._points.append(point)
        return point

    async def export(self, territory: str = "") -> AsyncIterator[str]:
        for entry in self._entries():
            act = entry.act
            assert act is not None
            told = territory in ("", act.territory)
            said = (act.at.isoformat(), act.actor, act.verb, act.subject, list(act.codes))
            names = ("at", "actor", "verb", "subject", "codes", "salt")
            words = dict(zip(names, (*said, entry.salt), strict=True))
            yield json.dumps(
                {
                    **(words if told else dict.fromkeys(names)),
                    "number": entry.number,
                    "commitment": entry.commitment,
                    "previous": entry.previous,
                    "hash": entry.hash,
                    "territory": act.territory if told else "",
                }
            )
        for point in self._points:
            words = {"number": point.number, "hash": point.hash, "seal": point.seal}
            yield json.dumps({**words, "at": point.at.isoformat()})

    def _entries(self) -> list[Entry]:
        entries: list[Entry] = []
        for number, act in self._tables.acts.items():
            previous = entries[-1].hash if entries else GENESIS
            entries.append(link(number, act, f"salt-{number}", previous))
        return entries
