"""Loads `policies/*.yaml` into the policy that the judge of messages reads."""

import gc
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from appservice.domain.moderation.grammar import Grammar
from appservice.domain.moderation.pattern import Pattern, PatternError
from appservice.domain.moderation.policy import Policy, Rule
from appservice.files.policies.examples import example_files, read_resemblances
from appservice.files.policies.lexicons import Lexicons, read_lexicons, read_spelling
from appservice.files.policies.names import load_names
from appservice.files.policies.rules import read_rules, weighed
from appservice.files.yaml_source import ProblemList, Table, did_you_mean, read_yaml

# Notions by which the judge tells the kinds of sentences: a policy without them judges nothing.
REQUIRED_NOTIONS = (
    "fait",
    "hors_fait",
    "conseil",
    "service",
    "soupcon",
    "non_infraction",
    "hors_sujet",
    "promotion",
    "bavardage",
)


def load_policy(directory: Path) -> Policy:
    """Read every file of the folder; raise BadFiles with all the mistakes at once."""
    paths = tuple(sorted(directory.glob("*.yaml")))
    return _load(directory, paths, _hash((*paths, *example_files(directory))))


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage is looked for among the many small objects of a policy: all of them stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@lru_cache(maxsize=4)
def _load(directory: Path, paths: tuple[Path, ...], digest: str) -> Policy:
    """The same files are read once: a policy never changes, its files may."""
    with _uncollected():
        return _read(directory, paths, digest)


def _read(directory: Path, paths: tuple[Path, ...], digest: str) -> Policy:
    problems = ProblemList()
    if not paths:
        problems.add(directory, 1, "aucun fichier .yaml dans ce dossier")
    tables = [table for path in paths if (table := _file(path, problems)) is not None]
    lexicons = read_lexicons(tables, problems)
    spelling = read_spelling(tables, problems, lexicons)
    rules = read_rules(tables, problems)
    _check_notions(directory, lexicons, rules.values(), problems)
    problems.check()
    grammar = _grammar(directory, lexicons, problems)
    learnt = read_resemblances(example_files(directory), rules, problems)
    problems.check()
    return Policy(rules, grammar, spelling, load_names(), digest, learnt)


def _file(path: Path, problems: ProblemList) -> Table | None:
    table = read_yaml(path, problems)
    if table is not None:
        table.only("lexicons", "rules", "short_forms", "emoji")
    return table


def _check_notions(
    directory: Path, lexicons: Lexicons, rules: Iterable[Rule], problems: ProblemList
) -> None:
    known = set(lexicons.patterns)
    for notion in REQUIRED_NOTIONS:
        if notion not in known:
            problems.add(directory, 1, f"le lexique « {notion} » manque")
    shapes = {
        "ent",
        "imparfait_forme",
        "futur_forme",
        "participe_forme",
        "ez",
        "route_num",
        "taille",
        "taille_decimale",
        "heure",
        "chiffre",
        "age_mineur",
        "age_majeur",
        "majuscule",
    }
    for use in lexicons.uses:
        if use.name not in known | shapes:
            hint = did_you_mean(use.name, known)
            problems.add(use.path, use.line, f"lexique inconnu « @{use.name} »{hint}")
    for rule in rules:
        for notion in (*rule.finds, *rule.unless, *weighed(rule)):
            if notion not in known:
                hint = did_you_mean(notion, known)
                path, line = rule.origin
                problems.add(path, line, f"{rule.id} : lexique inconnu « {notion} »{hint}")


def _grammar(directory: Path, lexicons: Lexicons, problems: ProblemList) -> Grammar:
    frozen: dict[str, tuple[Pattern, ...]] = {n: tuple(p) for n, p in lexicons.patterns.items()}
    try:
        return Grammar(frozen)
    except PatternError as error:
        problems.add(directory, 1, str(error))
    problems.check()
    raise AssertionError("unreachable")


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
