"""What of the files judges or binds people, as facts that can be compared in plain words."""

import hashlib
import json
from collections.abc import Iterator, Mapping

from appservice.domain.moderation.policy import Rule
from appservice.domain.telephone.rules import QuietHours
from appservice.domain.territory import Territory
from appservice.domain.world import Retention, World

Facts = Mapping[str, str]
"""By `territory|name`, no territory for what holds everywhere. A value that begins with « # » is a
digest: people are told that it changed, not what it is."""

_KEPT = {
    "signalements": "Conservation des signalements",
    "signalements_ouverts": "Conservation des signalements non clos",
    "alertes": "Conservation des alertes",
    "envois": "Conservation des traces d'envoi",
    "actes": "Conservation du journal des actes",
    "membres": "Conservation des inscriptions",
}


def facts_of(world: World) -> Facts:
    """Addresses of people, such as those of a test list, are not among them."""
    return dict(sorted([*_everywhere(world), *_of_lands(world)]))


def digest_of(facts: Facts) -> str:
    """SHA-256, in hexadecimal: two protocols with the same digest are the same."""
    written = json.dumps(dict(facts), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def _everywhere(world: World) -> Iterator[tuple[str, str]]:
    yield "|Lexiques et règles", f"#{world.policy.hash}"
    for rule in world.policy.rules.values():
        yield f"|Règle « {rule.id} »", _rule(rule)
    for charter in world.charters.values():
        yield f"|{charter.title}", f"version {charter.version} ({charter.hash[:12]})"
    for kind, template in world.templates.items():
        yield f"|Salons « {kind.value} »", _digest(repr(template))
    for public in world.publics.values():
        yield f"|Public « {public.name} »", _digest(repr(public))
    yield from ((f"|{name}", days) for name, days in _kept(world.retention))


def _rule(rule: Rule) -> str:
    """What it finds, what follows and what is said; not where it is written."""
    examples = [
        (one.text, one.author_role, one.decision, one.rules)
        for one in (*rule.accepted, *rule.refused)
    ]
    said = (dict(rule.sentences), rule.legal_basis, rule.advice, dict(rule.decision))
    finds = (rule.check, rule.finds, rule.unless, rule.fact_only, dict(rule.options))
    return _digest(repr((said, finds, examples)))


def _kept(retention: Retention) -> Iterator[tuple[str, str]]:
    for field, name in _KEPT.items():
        yield name, f"{getattr(retention, field).days} jours"


def _of_lands(world: World) -> Iterator[tuple[str, str]]:
    for land in world.territories.values():
        yield from ((f"{land.id}|{name}", value) for name, value in _of_land(land))


def _of_land(land: Territory) -> Iterator[tuple[str, str]]:
    yield "Communes", _places(land)
    for trade in land.trades.values():
        yield f"Métier « {trade.name} »", f"salons par {trade.level.value}"
    yield "Poste", f"par {land.poste_level.value}"
    yield "Qui diffuse une alerte", "un chef de quart" if land.chiefs_send else "chaque agent"
    yield "Formation avant de signaler", "exigée" if land.training_required else "non exigée"
    yield "Phase", "service" if land.test_list is None else "essai"
    yield "Charte des commerçants", land.charters.get("merchant", "")
    yield "Charte des agents", land.charters.get("agent", "")
    yield "Heures calmes des SMS", _quiet(land.texts.quiet)
    yield "Contact", land.contact


def _places(land: Territory) -> str:
    names = [commune.name for commune in land.communes.values()]
    if len(names) <= 10:
        return ", ".join(names)
    return f"{len(names)} communes ({_digest(repr(sorted(land.communes)))[1:9]})"


def _quiet(quiet: QuietHours | None) -> str:
    return "aucune" if quiet is None else f"{quiet.begins:%Hh%M} à {quiet.ends:%Hh%M}"


def _digest(text: str) -> str:
    return f"#{hashlib.sha256(text.encode()).hexdigest()}"
