"""Reads one territory a file: its communes, trades, charters and contact."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from appservice.domain.ids import Insee, TradeId
from appservice.domain.telephone.number import NotAMobile, mobile_of
from appservice.domain.territory import Commune, Level, Territory, Trade
from appservice.files.communes import communes_of, department_exists, find
from appservice.files.legal import gaps_of
from appservice.files.text_rules import read_text_rules
from appservice.files.yaml_source import ProblemList, Table, did_you_mean, is_slug, read_yaml

MEMBER_KINDS = ("merchant", "agent")
_KEYS = (
    *("id", "name", "department", "communes", "poste", "contact", "charters", "trades"),
    *("sms", "senders", "training_required", "phase", "test_list"),
)
_SENDERS = ("agents", "chef_de_quart")
_PHASES = ("service", "test")
_ACI = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LEVELS = tuple(level.value for level in Level)


def read_territories(
    folder: Path,
    charters: Collection[str],
    problems: ProblemList,
    publics: Mapping[TradeId, str] | None = None,
) -> Mapping[str, Territory]:
    """Every territory of the folder by id; a commune belongs to one territory only."""
    found: dict[str, Territory] = {}
    owners: dict[Insee, str] = {}
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        problems.add(folder, 1, "aucun territoire dans ce dossier")
    for path in paths:
        table = read_yaml(path, problems)
        if table is None:
            continue
        territory = _territory(table, charters, problems, publics or {})
        if territory.id in found:
            table.problem("id", f"le territoire « {territory.id} » est écrit deux fois")
        for insee in territory.communes:
            if owners.setdefault(insee, territory.id) != territory.id:
                table.problem("communes", f"{insee} est déjà dans « {owners[insee]} »")
        found[territory.id] = replace(territory, gaps=gaps_of(folder, territory.id))
    return found


def _territory(
    table: Table,
    charters: Collection[str],
    problems: ProblemList,
    publics: Mapping[TradeId, str],
) -> Territory:
    table.only(*_KEYS)
    department = table.text("department")
    known = department_exists(department)
    if department and not known:
        table.problem("department", f"département inconnu « {department} »")
    communes = _communes(table, department, problems) if known else {}
    poste = _level(table, "poste")
    trades = _trades(table, publics)
    used = {trade.level for trade in trades.values()} | {poste}
    if Level.EPCI in used:
        _check_groupings(table, communes)
    return Territory(
        id=table.slug("id"),
        name=table.text("name"),
        department=department,
        communes=communes,
        trades=trades,
        poste_level=poste,
        charters=_charters(table, charters),
        contact=table.text("contact"),
        texts=read_text_rules(table, department),
        test_list=_test_list(table, problems),
        training_required=table.flag("training_required", False),
        chiefs_send=table.choice("senders", _SENDERS, "agents") == "chef_de_quart",
    )


def _communes(table: Table, department: str, problems: ProblemList) -> Mapping[Insee, Commune]:
    if "communes" in table and not table.is_list("communes"):
        if table.text("communes") != "all":
            table.problem("communes", "« communes » est une liste de codes INSEE, ou all")
        return communes_of(department)
    here = communes_of(department)
    chosen: dict[Insee, Commune] = {}
    for line in table.located_texts("communes"):
        code = Insee(line.text)
        if code in chosen:
            problems.add(table.path, line.line, f"commune {code} écrite deux fois")
        elif code in here:
            chosen[code] = here[code]
        else:
            problems.add(table.path, line.line, _why_not(code, department, here))
    if not table.located_texts("communes"):
        table.problem("communes", "« communes » manque : au moins un code INSEE, ou all")
    return chosen


def _why_not(code: str, department: str, here: Mapping[Insee, Commune]) -> str:
    elsewhere = find(code)
    if elsewhere is not None:
        return f"{code} ({elsewhere.name}) n'est pas dans le département {department}"
    return f"code INSEE inconnu « {code} »{did_you_mean(code, here)}"


def _check_groupings(table: Table, communes: Mapping[Insee, Commune]) -> None:
    for commune in communes.values():
        if not commune.epci:
            table.problem("communes", f"{commune.insee} ({commune.name}) n'a pas d'EPCI")


def _test_list(table: Table, problems: ProblemList) -> frozenset[str] | None:
    """Who takes part in a test, each by a mobile, a Matrix id or a Signal account."""
    lines = table.located_texts("test_list")
    found = set()
    for line in lines:
        if line.text.startswith("@") or _ACI.fullmatch(line.text):
            found.add(line.text)
            continue
        try:
            found.add(mobile_of(line.text))
        except NotAMobile as mistake:
            problems.add(table.path, line.line, f"{mistake}, ni un identifiant Matrix ou Signal")
    phase = table.choice("phase", _PHASES, _PHASES[0])
    if phase == _PHASES[0]:
        if lines:
            table.problem("test_list", "« test_list » ne vaut qu'avec « phase: test »")
        return None
    if not lines:
        table.problem("phase", "« phase: test » demande une liste « test_list »")
    return frozenset(found)


def _level(table: Table, key: str) -> Level:
    value = table.choice(key, _LEVELS)
    return Level(value) if value in _LEVELS else Level.COMMUNE


def _trades(table: Table, publics: Mapping[TradeId, str]) -> Mapping[TradeId, Trade]:
    """A public is listed among the trades, and goes by its own name."""
    trades = table.table("trades")
    if trades is None:
        return {}
    keys = trades.keys()
    if not keys:
        table.problem("trades", "« trades » : au moins un métier")
    found: dict[TradeId, Trade] = {}
    for key in keys:
        if not is_slug(key):
            trades.problem(key, f"métier « {key} » : minuscules, chiffres et tirets seulement")
        found[TradeId(key)] = _trade(trades, key, publics.get(TradeId(key), key.replace("-", " ")))
    return found


def _trade(trades: Table, key: str, name: str) -> Trade:
    if not trades.is_table(key):
        return Trade(TradeId(key), name, _level(trades, key))
    details = trades.table(key)
    if details is None:
        return Trade(TradeId(key), name, Level.COMMUNE)
    details.only("name", "level")
    return Trade(TradeId(key), details.text("name", name), _level(details, "level"))


def _charters(table: Table, known: Collection[str]) -> Mapping[str, str]:
    chosen = table.table("charters")
    if chosen is None:
        return {}
    chosen.only(*MEMBER_KINDS)
    return {kind: chosen.choice(kind, known) for kind in MEMBER_KINDS}
