"""Runs the tests that carry acceptance ids and prints one line per sentence."""

import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SENTENCE = re.compile(r"^- (S\d-\d\d) ", re.MULTILINE)


class Collector:
    """Remembers, for each sentence, which tests ran and how they ended."""

    def __init__(self) -> None:
        self.sentences: dict[str, list[str]] = defaultdict(list)  # node id -> sentences
        self.failed: set[str] = set()
        self.passed: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for marker in item.iter_markers("acceptance"):
                self.sentences[item.nodeid].extend(str(arg) for arg in marker.args)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed or report.skipped:
            self.failed.add(report.nodeid)
        elif report.when == "call":
            self.passed.add(report.nodeid)


def table(known: list[str], seen: Collector) -> list[str]:
    """One line per sentence, then `N of 74`."""
    by_sentence: dict[str, list[str]] = defaultdict(list)
    for node, sentences in seen.sentences.items():
        for sentence in sentences:
            by_sentence[sentence].append(node)
    rows, holds = [], 0
    for sentence in known:
        nodes = by_sentence.get(sentence, [])
        good = bool(nodes) and all(n in seen.passed and n not in seen.failed for n in nodes)
        state = "pass" if good else "fail" if nodes else "missing"
        holds += good
        rows.append(f"{sentence} {state:7} {' '.join(nodes)}".rstrip())
    return [*rows, f"{holds} of {len(known)}"]


def main() -> int:
    """Exit status 0 when no test that carries a sentence failed."""
    known = SENTENCE.findall((ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8"))
    seen = Collector()
    pytest.main(["-q", "-m", "acceptance", str(ROOT / "tests"), *sys.argv[1:]], plugins=[seen])
    strangers = sorted({s for all_ in seen.sentences.values() for s in all_} - set(known))
    sys.stdout.write("\n".join(table(known, seen)) + "\n")
    if strangers:
        sys.stderr.write(f"unknown sentences: {' '.join(strangers)}\n")
    return 1 if seen.failed or strangers else 0


if __name__ == "__main__":
    sys.exit(main())
