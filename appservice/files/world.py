"""Loads the world: templates, territories, charters and rules, with every mistake at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appservice.domain.circulation import Circulation
from appservice.domain.moderation import Policy
from appservice.domain.world import Settings, World
from appservice.files.charters import read_charters
from appservice.files.policies import load_policy
from appservice.files.publics import read_publics
from appservice.files.retention import read_retention
from appservice.files.shipped import shipped
from appservice.files.templates import read_templates
from appservice.files.territories import read_territories
from appservice.files.yaml_source import BadFiles, Line, ProblemList, did_you_mean


@dataclass(frozen=True, slots=True)
class WorldPaths:
    """The folders that make a world."""

    templates: Path
    territories: Path
    charters: Path
    policies: Path


def shipped_paths() -> WorldPaths:
    """The world that ships with the product: the two pilots."""
    rooms = shipped("room-templates")
    return WorldPaths(rooms, rooms / "territoires", rooms / "chartes", shipped("policies"))


def load_world(paths: WorldPaths, settings: Settings | None = None) -> World:
    """Read every file; raise BadFiles with all the mistakes of all of them."""
    problems = ProblemList()
    templates = read_templates(paths.templates, problems)
    charters = read_charters(paths.charters, problems)
    publics = read_publics(paths.templates / "publics", charters, problems)
    names = {public.id: public.name for public in publics.values()}
    territories = read_territories(paths.territories, charters, problems, names)
    policy = _policy(paths.policies, problems)
    if policy is not None:
        _check_tolerated(templates.tolerated, policy, problems)
    retention = read_retention(paths.policies, problems)
    problems.check()
    if policy is None:
        raise BadFiles(problems)
    return World(
        territories=territories,
        charters=charters,
        policy=policy,
        circulation=Circulation(frozenset(line.text for _, line in templates.tolerated)),
        templates=templates.by_kind,
        publics=publics,
        settings=settings or Settings(),
        retention=retention,
    )


def _policy(folder: Path, problems: ProblemList) -> Policy | None:
    try:
        return load_policy(folder)
    except BadFiles as bad:
        for problem in bad.problems:
            problems.add(problem.path, problem.line, problem.message)
        return None


def _check_tolerated(
    tolerated: list[tuple[Path, Line]], policy: Policy, problems: ProblemList
) -> None:
    known: Mapping[str, object] = policy.rules
    for path, line in tolerated:
        if line.text not in known:
            hint = did_you_mean(line.text, known)
            problems.add(path, line.line, f"règle inconnue « {line.text} »{hint}")
