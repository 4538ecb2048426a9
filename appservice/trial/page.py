"""The figures of the test bench as one HTML page, with the messages marked."""

from collections.abc import Iterator
from html import escape
from itertools import pairwise

from appservice.domain.moderation import Policy, Verdict
from appservice.trial.report import report
from appservice.trial.score import Judged, Score

_HEAD = """<!doctype html>
<html lang="fr"><meta charset="utf-8"><title>Banc d'essai des règles</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
pre{overflow:auto;background:#f4f4f4;padding:1rem}
mark{background:#ffe08a}
article{border-left:4px solid #c00;margin:1rem 0;padding:.2rem 1rem}
article.right{border-color:#888}
small{color:#555}
</style>
<h1>Banc d'essai des règles</h1>
"""


def page(result: Score, policy: Policy) -> str:
    """A page on its own: figures first, then every message that is not judged as expected."""
    figures = escape(report(result, policy).split("\n\n  ")[0])
    wrong = sorted((item for item in result.judged if not item.exact), key=lambda i: i.right)
    articles = "\n".join(line for item in wrong for line in _article(item))
    return f"{_HEAD}<pre>{figures}</pre>\n<h2>Écarts ({len(wrong)})</h2>\n{articles}\n</html>\n"


def _article(item: Judged) -> Iterator[str]:
    label, verdict = item.label, item.verdict
    yield f'<article class="{"right" if item.right else "wrong"}">'
    yield f"<p>{marked(label.submission.text, verdict)}</p>"
    yield (
        f"<small>{escape(label.id)} · {label.submission.author_role} · attendu"
        f" <b>{label.decision}</b> {escape(', '.join(sorted(label.rules)))} · donné"
        f" <b>{verdict.decision}</b> {escape(', '.join(verdict.rules))}</small>"
    )
    yield "</article>"


def marked(text: str, verdict: Verdict) -> str:
    """The text with what fired between marks, each telling its rules."""
    cuts = {0, len(text)}
    for finding in verdict.findings:
        cuts.update(edge for span in finding.spans for edge in span)
    edges = sorted(cuts)
    return "".join(
        _piece(text[start:end], _rules_at(verdict, start, end)) for start, end in pairwise(edges)
    )


def _rules_at(verdict: Verdict, start: int, end: int) -> list[str]:
    return [
        finding.rule
        for finding in verdict.findings
        if any(first <= start and end <= last for first, last in finding.spans)
    ]


def _piece(text: str, rules: list[str]) -> str:
    if not rules:
        return escape(text)
    return f'<mark title="{escape(", ".join(rules))}">{escape(text)}</mark>'
