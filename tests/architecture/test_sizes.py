"""Budgets: small modules, small folders, small protocols (see docs/architecture.md)."""

import ast
import statistics
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(p for top in ("appservice", "bridges") for p in (ROOT / top).rglob("*.py"))
WRITTEN = [p for p in MODULES if p.name != "__init__.py"]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_module_is_over_400_lines():
    assert {str(p.relative_to(ROOT)): lines(p) for p in MODULES if lines(p) > 400} == {}


def test_nine_modules_of_ten_are_within_250_lines():
    over = [p for p in WRITTEN if lines(p) > 250]
    assert len(over) <= len(WRITTEN) / 10, [str(p.relative_to(ROOT)) for p in over]


def test_the_median_module_is_within_120_lines():
    assert statistics.median(lines(p) for p in WRITTEN) <= 120


def test_a_folder_holds_at_most_eighteen_modules():
    folders = Counter(p.parent.relative_to(ROOT) for p in WRITTEN)
    assert {str(f): n for f, n in folders.items() if n > 18} == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_protocol_has_at_most_six_methods(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and any(
            isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases
        ):
            methods = [
                n
                for n in node.body
                if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
                and not any(
                    isinstance(d, ast.Name) and d.id == "property" for d in n.decorator_list
                )
            ]
            assert len(methods) <= 6, f"{path.name}:{node.name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_each_module_says_in_one_line_what_lives_there(path):
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert doc is not None
    assert len(doc.splitlines()[0]) <= 98
