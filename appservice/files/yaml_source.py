"""Reads YAML files into typed values; every mistake is kept with its file and line."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_T = TypeVar("_T")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A mistake in a file, said so that its author finds it."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class BadFiles(Exception):
    """The files hold mistakes; all of them are listed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ProblemList:
    """Mistakes met so far; reading goes on so that all are told at once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, path: Path | str, line: int, message: str) -> None:
        """Keep a mistake."""
        self._problems.append(Problem(str(path), line, message))

    def __iter__(self) -> Iterator[Problem]:
        return iter(sorted(set(self._problems)))

    def __len__(self) -> int:
        return len(self._problems)

    def check(self) -> None:
        """Raise BadFiles if there is any mistake."""
        if self._problems:
            raise BadFiles(self._problems)


def is_slug(word: str) -> bool:
    """Whether it can name a thing in files, addresses and commands."""
    return _SLUG.fullmatch(word) is not None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """« , vouliez-vous dire … ? » when a known word is close, else nothing."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f", vouliez-vous dire « {close[0]} » ?" if close else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a block of text, with where it is."""

    text: str
    line: int


class Table:
    """A mapping of a YAML file, asked for typed values by key."""

    def __init__(self, path: Path, node: MappingNode, problems: ProblemList) -> None:
        self.path = path
        self.start = _line(node)
        self._problems = problems
        self._nodes: dict[str, Node] = {}
        self._lines: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in self._nodes:
                problems.add(path, _line(key), f"clé « {name} » écrite deux fois")
            self._nodes[name] = value
            self._lines[name] = _line(key)

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    def keys(self) -> list[str]:
        """The keys, in the order of the file."""
        return list(self._nodes)

    def is_table(self, key: str) -> bool:
        """Whether the value of a key is itself a table."""
        return isinstance(self._nodes.get(key), MappingNode)

    def is_list(self, key: str) -> bool:
        """Whether the value of a key is a list."""
        return isinstance(self._nodes.get(key), SequenceNode)

    def line(self, key: str) -> int:
        """Line of a key, or of the table when the key is missing."""
        return self._lines.get(key, self.start)

    def problem(self, key: str, message: str) -> None:
        """Keep a mistake about a key."""
        self._problems.add(self.path, self.line(key), message)

    def only(self, *known: str) -> None:
        """Refuse keys other than these."""
        for key in self._nodes:
            if key not in known:
                self.problem(key, f"clé inconnue « {key} »{did_you_mean(key, known)}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required unless a default is given."""
        node = self._nodes.get(key)
        if node is None:
            return self._missing(key, default, "")
        if not isinstance(node, ScalarNode):
            self.problem(key, f"« {key} » doit être un texte")
            return ""
        value = str(node.value).strip()
        if not value and default is None:
            self.problem(key, f"« {key} » est vide")
        return value

    def slug(self, key: str) -> str:
        """A required identifier, kept as it is even when it is badly written."""
        value = self.text(key)
        if value and not is_slug(value):
            self.problem(key, f"« {key} » : minuscules, chiffres et tirets, pas « {value} »")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number; required unless a default is given."""
        if key not in self._nodes:
            return self._missing(key, default, 0)
        value = self.text(key)
        if value.lstrip("-").isdecimal():
            return int(value)
        self.problem(key, f"« {key} » doit être un nombre entier, pas « {value} »")
        return 0

    def flag(self, key: str, default: bool | None = None) -> bool:
        """A yes or a no; required unless a default is given."""
        if key not in self._nodes:
            return self._missing(key, default, False)
        value = self.text(key)
        if value in {"true", "false"}:
            return value == "true"
        self.problem(key, f"« {key} » doit être true ou false, pas « {value} »")
        return False

    def day(self, key: str) -> date:
        """A date written YYYY-MM-DD."""
        value = self.text(key)
        try:
            return date.fromisoformat(value)
        except ValueError:
            if value:
                self.problem(key, f"« {key} » doit être une date AAAA-MM-JJ, pas « {value} »")
            return date.min

    def choice(self, key: str, known: Iterable[str], default: str | None = None) -> str:
        """One word among those known."""
        value = self.text(key, default)
        options = list(known)
        if value and value not in options:
            hint = did_you_mean(value, options)
            self.problem(key, f"« {key} » : valeur inconnue « {value} »{hint}")
        return value

    def texts(self, key: str, default: Iterable[str] | None = None) -> list[str]:
        """A list of texts; required unless a default is given."""
        return [line.text for line in self._items(key, default)]

    def located_texts(self, key: str) -> list[Line]:
        """A list of texts, each with its line; empty when the key is missing."""
        return self._items(key, ())

    def _items(self, key: str, default: Iterable[str] | None) -> list[Line]:
        node = self._nodes.get(key)
        if node is None:
            missing = self._missing(key, None if default is None else list(default), [])
            return [Line(text, self.start) for text in missing]
        if not isinstance(node, SequenceNode):
            self.problem(key, f"« {key} » doit être une liste")
            return []
        found = []
        for item in node.value:
            if isinstance(item, ScalarNode):
                found.append(Line(str(item.value), _line(item)))
            else:
                self._problems.add(self.path, _line(item), f"« {key} » : un texte est attendu")
        return found

    def table(self, key: str, required: bool = True) -> "Table | None":
        """A table inside this one."""
        node = self._nodes.get(key)
        if isinstance(node, MappingNode):
            return Table(self.path, node, self._problems)
        if node is not None:
            self.problem(key, f"« {key} » doit être un tableau de clés")
        elif required:
            self.problem(key, f"« {key} » manque")
        return None

    def tables(self, key: str) -> list["Table"]:
        """A list of tables; empty when the key is missing."""
        node = self._nodes.get(key)
        if node is None:
            return []
        if not isinstance(node, SequenceNode):
            self.problem(key, f"« {key} » doit être une liste")
            return []
        found = []
        for item in node.value:
            if isinstance(item, MappingNode):
                found.append(Table(self.path, item, self._problems))
            else:
                self._problems.add(self.path, _line(item), f"« {key} » : un tableau est attendu")
        return found

    def block(self, key: str) -> list[Line]:
        """The lines of a block of text (`key: |`), each with its place in the file."""
        node = self._nodes.get(key)
        if not isinstance(node, ScalarNode):
            self.problem(key, f"« {key} » doit être un texte")
            return []
        first = _line(node) + (1 if node.style in {"|", ">"} else 0)
        return [Line(text, first + rank) for rank, text in enumerate(node.value.split("\n"))]

    def _missing(self, key: str, default: _T | None, empty: _T) -> _T:
        if default is None:
            self.problem(key, f"« {key} » manque")
            return empty
        return default


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def read_yaml(path: Path, problems: ProblemList) -> Table | None:
    """Read a file whose root is a table; None, with the problem kept, when it cannot be."""
    text = read_text(path, problems)
    return None if text is None else parse_yaml(path, text, problems)


def read_text(path: Path, problems: ProblemList) -> str | None:
    """The text of a file in UTF-8, line ends as they are; None, with the problem kept."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        problems.add(path, 1, "le fichier n'est pas en UTF-8")
    except OSError as error:
        problems.add(path, 1, f"fichier illisible ({error.strerror})")
    return None


def _compose(text: str) -> object:
    """By libyaml where there is one, twenty times faster; it knows less of YAML 1.2."""
    try:
        return YAML(typ="safe").compose(text)
    except YAMLError:
        return YAML(typ="safe", pure=True).compose(text)


def parse_yaml(path: Path, text: str, problems: ProblemList) -> Table | None:
    """Read a text whose root is a table; `path` is where its mistakes are said to be."""
    try:
        root = _compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.add(path, line, f"YAML mal formé : {error.problem or error.context}")
        return None
    except YAMLError as error:
        problems.add(path, 1, f"YAML mal formé : {str(error).splitlines()[0]}")
        return None
    if not isinstance(root, MappingNode):
        problems.add(path, 1, "le fichier doit contenir un tableau de clés")
        return None
    return Table(path, root, problems)
