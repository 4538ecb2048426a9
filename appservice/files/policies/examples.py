"""Labelled messages beside the rules, and what a rule learns of them."""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.resemblance import LEARNER, Resemblance, learn
from appservice.files.yaml_source import ProblemList

FOLDER = "exemples"
_HEARD = 2  # times that what a jurist wrote beside a rule counts
_FEWEST = 20  # messages that break the rule: of fewer nothing is learnt


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message, and the rules that it breaks."""

    text: str
    rules: frozenset[str]


def example_files(directory: Path) -> tuple[Path, ...]:
    """The files of examples of a policy, in order."""
    return tuple(sorted((directory / FOLDER).glob("*.jsonl")))


def read_resemblances(
    files: Iterable[Path], rules: Mapping[str, Rule], problems: ProblemList
) -> Mapping[str, Resemblance]:
    """What each rule that asks for it (`resembles`) learns from the examples."""
    learners = [rule for rule in rules.values() if "resembles" in rule.options]
    examples = [example for path in files for example in _read(path, rules, problems)]
    beside = [example for rule in rules.values() for example in _beside(rule)]
    learnt: dict[str, Resemblance] = {}
    for rule in learners:
        heard = [*examples, *beside * _HEARD]
        labelled = [(example.text, rule.id in example.rules) for example in heard]
        found = sum(rule.id in example.rules for example in (*examples, *beside))
        if found < _FEWEST or found == len(labelled):
            path, line = rule.origin
            few = f"{found} exemple(s) dans {FOLDER}/*.jsonl, il en faut {_FEWEST}, et d'autres"
            problems.add(path, line, f"{rule.id} : « resembles » : {few}")
        elif not len(problems):
            learnt[rule.id] = _remembered(labelled)
    return learnt


def _read(path: Path, rules: Mapping[str, Rule], problems: ProblemList) -> Iterator[Labelled]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        problems.add(path, 1, "ce fichier n'est pas écrit en UTF-8")
        return
    for number, line in enumerate(lines, 1):
        if line.strip():
            fault, example = _example(line, rules)
            if fault:
                problems.add(path, number, fault)
            elif example is not None:
                yield example


def _beside(rule: Rule) -> Iterator[Labelled]:
    """The examples that a rule carries."""
    for example in rule.accepted:
        yield Labelled(example.text, frozenset(example.rules))
    for example in rule.refused:
        yield Labelled(example.text, frozenset({rule.id, *example.rules}))


def _example(line: str, rules: Mapping[str, Rule]) -> tuple[str, Labelled | None]:
    try:
        entry = json.loads(line)
    except ValueError:
        return "une ligne est un objet JSON", None
    text = entry.get("text") if isinstance(entry, dict) else None
    broken = entry.get("rules") if isinstance(entry, dict) else None
    if not isinstance(text, str) or not text.strip():
        return "« text » manque", None
    if not isinstance(broken, list):
        return "« rules » manque : la liste des règles enfreintes, vide s'il n'y en a pas", None
    for rule in broken:
        if str(rule) not in rules:
            return f"règle inconnue « {rule} »", None
    return "", Labelled(text, frozenset(broken))


def _remembered(labelled: Sequence[tuple[str, bool]]) -> Resemblance:
    """Learning takes seconds: what was learnt of the same examples is read again."""
    said = json.dumps([LEARNER, labelled], ensure_ascii=False)
    name = f"appris-{hashlib.sha256(said.encode()).hexdigest()[:32]}.json"
    for place in _places():
        with contextlib.suppress(OSError, ValueError, KeyError):
            kept = json.loads((place / name).read_text("utf-8"))
            return Resemblance(kept["pieces"], kept["bias"])
    fresh = learn(labelled)
    for place in _places():
        with contextlib.suppress(OSError):
            _keep(place / name, fresh)
            break
    return fresh


def _places() -> Iterator[Path]:
    """Beside the installation, else in the user's cache; where it may not write it need not."""
    if sys.prefix != sys.base_prefix:
        yield Path(sys.prefix) / "share" / "maillage"
    cache = os.environ.get("XDG_CACHE_HOME", "")
    with contextlib.suppress(RuntimeError):  # nobody's home
        yield (Path(cache) if cache else Path.home() / ".cache") / "maillage"


def _keep(path: Path, learnt: Resemblance) -> None:
    """Whole or not at all: another process may read it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"bias": learnt.bias, "pieces": dict(learnt.pieces)}
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), "utf-8")
    fresh.replace(path)
