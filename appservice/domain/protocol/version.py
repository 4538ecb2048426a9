"""A numbered version of the protocol, and what it changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from appservice.domain.protocol.facts import Facts

_ALL = "Lexiques et règles"


@dataclass(frozen=True, slots=True)
class Version:
    """In force from `at` until the next one."""

    number: int
    digest: str
    at: datetime
    facts: Facts
    back_to: int | None = None  # the earlier version that it is word for word

    @property
    def reference(self) -> str:
        """As people and the audit chain name it."""
        return f"P{self.number}"

    def covers(self, territory: str) -> bool:
        """Whether that territory was served under it."""
        return any(key.startswith(f"{territory}|") for key in self.facts)


def changes(former: Facts, now: Facts, territory: str) -> Sequence[str]:
    """In plain words, for people of that territory; nothing of the others."""
    return tuple(_changes(_told(former, territory), _told(now, territory)))


def _told(facts: Facts, territory: str) -> Facts:
    return {
        name: value
        for key, value in facts.items()
        for place, _, name in [key.partition("|")]
        if place in ("", territory)
    }


def _changes(former: Facts, now: Facts) -> Iterator[str]:
    yield from (f"Ajouté : {name}{_shown(now[name])}." for name in now if name not in former)
    yield from (f"Retiré : {name}." for name in former if name not in now)
    changed = [name for name in now if name in former and former[name] != now[name]]
    rules = [name for name in changed if name.startswith("Règle ")]
    for name in changed:
        if name == _ALL and (rules or len(changed) > 1):
            continue  # said by the rules that changed
        before, after = former[name], now[name]
        if after.startswith("#"):
            yield f"Modifié : {name}."
        else:
            yield f"Modifié : {name}, de « {before} » à « {after} »."


def _shown(value: str) -> str:
    return "" if value.startswith("#") else f" ({value})"
