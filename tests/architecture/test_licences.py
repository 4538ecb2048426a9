"""Every dependency, direct or not, has a licence that EUPL-1.2 can live with."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))[
    "project"
]
EXTRAS = PROJECT["optional-dependencies"]

# Permissive ones, and copyleft ones that the appendix of EUPL-1.2 names or that bind their own
# files only (MPL, LGPL). Others need a look, and then a line here.
ALLOWED = re.compile(
    r"Apache|\bMIT\b|\bMIT-|\bBSD\b|\bISC\b|Internet Systems Consortium|Python Software Foundation"
    r"|\bPSF\b|Mozilla Public License 2|\bMPL-2|Lesser General Public|\bLGPL\b|\bZPL\b|Unlicense"
    r"|\bEUPL",
    re.IGNORECASE,
)
# Strong copyleft: only a program of its own, never a library that ours imports.
PROGRAMS = {"matrix-synapse": "AGPL-3.0"}  # the demonstration's homeserver, and every town's
# Packages whose metadata say nothing: as their LICENSE file or project page does.
READ = {"peewee": "MIT", "signedjson": "Apache-2.0", "vodozemac": "Apache-2.0"}


def name_of(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def everything(requirements: Iterable[str]) -> Iterator[Distribution]:
    """What they ask for, and what that asks for, as installed here."""
    seen, waiting = set[str](), [Requirement(text) for text in requirements]
    while waiting:
        asked = waiting.pop()
        extras = ("", *sorted(asked.extras))
        wanted = asked.marker is None or any(asked.marker.evaluate({"extra": e}) for e in extras)
        mark = f"{name_of(asked.name)}{extras}"
        if not wanted or mark in seen:
            continue
        seen.add(mark)
        found = distribution(asked.name)
        yield found
        for text in found.requires or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                needed.marker = None
                waiting.append(needed)


def licence_of(package: Distribution) -> str:
    """As the package says it, in one of the three places where packages do."""
    said = package.metadata
    expression = said.get("License-Expression")
    if expression:
        return str(expression)
    kinds = [c for c in said.get_all("Classifier") or () if c.startswith("License ::")]
    words = said.get("License") or ""
    plain = "" if words in ("UNKNOWN", "") else words
    return "; ".join(c.split("::")[-1].strip() for c in kinds) or plain[:200]


RUNTIME = {name_of(d.name): d for d in everything(PROJECT["dependencies"])}
DEMO = {name_of(d.name): d for d in everything(EXTRAS["demo"])}


@pytest.mark.parametrize("name", sorted(RUNTIME | DEMO))
def test_a_licence_is_one_that_we_may_ship_with(name):
    licence = licence_of((RUNTIME | DEMO)[name]) or READ.get(name, "")
    strong = re.search(r"\bA?GPL|Affero|(?<!Lesser )General Public", licence)
    if strong and "Lesser" not in licence and "LGPL" not in licence:
        assert PROGRAMS.get(name), f"{name}: {licence}"
        assert name not in RUNTIME, "a program of its own is never imported"
    else:
        assert ALLOWED.search(licence), f"{name}: {licence or 'no licence in its metadata'}"


def test_what_was_read_by_hand_still_needs_to_be():
    for name in READ:
        assert licence_of((RUNTIME | DEMO)[name]) == ""


def test_a_package_that_is_not_there_is_told():
    with pytest.raises(PackageNotFoundError):
        list(everything(["maillage-nulle-part"]))
