"""Reads `room-templates/publics/*.yaml`: publics other than merchants, each with its own words."""

from collections.abc import Collection, Mapping
from pathlib import Path

from appservice.domain.ids import TradeId
from appservice.domain.room import Kind, Public, Words
from appservice.files.templates import must_remind, text_with_blanks
from appservice.files.yaml_source import ProblemList, Table, read_yaml

_KINDS = (Kind.ALERTES, Kind.ECHANGES)


def read_publics(
    folder: Path, charters: Collection[str], problems: ProblemList
) -> Mapping[TradeId, Public]:
    """By id; an installation that serves merchants alone has no such folder."""
    found: dict[TradeId, Public] = {}
    for path in sorted(folder.glob("*.yaml")):
        table = read_yaml(path, problems)
        if table is None:
            continue
        public = _public(table, charters)
        if public.id in found:
            table.problem("id", f"le public « {public.id} » est écrit deux fois")
        found[public.id] = public
    return found


def _public(table: Table, charters: Collection[str]) -> Public:
    table.only("id", "name", "member", "charter", *(kind.value for kind in _KINDS))
    words = {kind: said for kind in _KINDS if (said := _words(table, kind)) is not None}
    return Public(
        id=TradeId(table.slug("id")),
        name=table.text("name"),
        member=table.text("member"),
        charter=table.choice("charter", charters),
        words=words,
    )


def _words(table: Table, kind: Kind) -> Words | None:
    inner = table.table(kind.value)
    if inner is None:
        return None
    inner.only("name", "topic", "welcome")
    said = Words(*(text_with_blanks(inner, key) for key in ("name", "topic", "welcome")))
    must_remind(inner, "topic", said.topic)
    must_remind(inner, "welcome", said.welcome)
    return said
