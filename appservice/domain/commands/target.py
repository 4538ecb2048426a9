"""Reads whom an alert is for: trades and zone, in the words of the territory."""

import re
from collections.abc import Iterable, Mapping

from appservice.domain.commands.words import closest, plain
from appservice.domain.errors import NotUnderstood
from appservice.domain.ids import Insee, TradeId
from appservice.domain.territory import Level, Territory, Zone, slug

_SMALL = frozenset(
    "a au aux le la les l d de du des et pour sur en chez dans zone secteur".split()
)
_EVERYBODY = frozenset("tous toutes tout tlm".split())
_EVERYWHERE = frozenset("partout territoire".split())
_WORD = re.compile(r"[^\s,;/+&]+")


def read_target(text: str, territory: Territory) -> tuple[frozenset[TradeId], Zone]:
    """« buralistes, bijoutiers de Redon » gives two trades and a commune.

    Nothing named means all trades, and the whole territory: an alert about Liffré is for Redon
    too. Raises NotUnderstood, with what was probably meant.
    """
    words = [word for word in _WORD.findall(text) if plain(word).strip("'")]
    trades: set[TradeId] = set()
    everybody = False
    index = 0
    while index < len(words):
        word = slug(words[index])
        trade = _trade(word, territory)
        if trade is not None:
            trades.add(trade)
        elif word in _EVERYBODY:
            everybody = True
        elif word not in _SMALL or _begins_a_place(words[index:], territory):
            break
        index += 1
    zone = _zone(words[index:], territory, choice_made=bool(trades) or everybody)
    return (frozenset() if everybody else frozenset(trades)), zone


def _trade(word: str, territory: Territory) -> TradeId | None:
    """A trade by its id, in the singular or the plural."""
    for trade in territory.trades:
        if word in {trade, f"{trade}s", trade.removesuffix("s")} or word == slug(
            territory.trades[trade].name
        ):
            return trade
    return None


def _begins_a_place(words: list[str], territory: Territory) -> bool:
    """« La Bouëxière » begins with a small word that belongs to the name."""
    return slug(" ".join(words)) in _places(territory)


def _places(territory: Territory) -> Mapping[str, tuple[Zone, ...]]:
    found: dict[str, tuple[Zone, ...]] = {}
    for insee, commune in territory.communes.items():
        zone = Zone(Level.COMMUNE, insee)
        for name in (slug(commune.name), insee.lower()):
            found[name] = (*found.get(name, ()), zone)
    departments = sorted({c.department for c in territory.communes.values() if c.department})
    for code in departments:
        zone = Zone(Level.DEPARTMENT, code)
        for name in (code.lower(), f"departement-{code}".lower()):
            found[name] = (zone,)
    if len(departments) == 1:
        found["departement"] = (Zone(Level.DEPARTMENT, departments[0]),)
    for commune in territory.communes.values():
        if commune.epci:
            zone = Zone(Level.EPCI, commune.epci)
            found[commune.epci] = found[f"epci-{commune.epci}"] = (zone,)
    found[slug(territory.name)] = (Zone(Level.TERRITORY, territory.id),)
    return found


def _zone(words: list[str], territory: Territory, *, choice_made: bool) -> Zone:
    everywhere = Zone(Level.TERRITORY, territory.id)
    if not words:
        return everywhere
    name = slug(" ".join(words))
    if name in _EVERYWHERE:
        return everywhere
    places = _places(territory)
    zones = places.get(name) or places.get(slug(" ".join(_without_small(words)))) or ()
    if len(zones) == 1:
        return zones[0]
    if zones:
        raise NotUnderstood(_ambiguous(" ".join(words), zones, territory))
    raise NotUnderstood(_unknown(words, name, places, territory, choice_made=choice_made))


def _without_small(words: list[str]) -> list[str]:
    kept = list(words)
    while kept and slug(kept[0]) in _SMALL:
        kept.pop(0)
    return kept


def _ambiguous(name: str, zones: Iterable[Zone], territory: Territory) -> str:
    choices = ", ".join(
        f"{zone.code} ({territory.communes[Insee(zone.code)].department})" for zone in zones
    )
    return f"Plusieurs communes s'appellent « {name} » : écrivez le code INSEE, {choices}."


def _unknown(
    words: list[str],
    name: str,
    places: Mapping[str, tuple[Zone, ...]],
    territory: Territory,
    *,
    choice_made: bool,
) -> str:
    written = " ".join(words)
    trades = {} if choice_made else {str(t): str(t) for t in territory.trades}
    meant = {**trades, **{key: territory.zone_name(zones[0]) for key, zones in places.items()}}
    close = closest(name, meant) or closest(slug(words[0]), trades)
    hint = f" Vouliez-vous dire « {meant[close]} » ?" if close is not None else ""
    what = "Zone inconnue" if choice_made else "Métier ou zone inconnus"
    known = ", ".join(sorted(territory.trades))
    return (
        f"{what} : « {written} ».{hint} Métiers : {known}, ou « tous ». "
        "Zone : une commune, son code INSEE ou le numéro du département."
    )
