"""`maillage moderate` and `maillage policy`: the judge on the command line."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from appservice.domain.moderation import ROLES, Policy, Submission, Verdict, judge
from appservice.domain.moderation.explain import explain as explain_verdict
from appservice.files.policies import load_policy
from appservice.files.shipped import shipped
from appservice.trial.corpus import read_corpus
from appservice.trial.page import page
from appservice.trial.report import report
from appservice.trial.rule_pages import rule_pages
from appservice.trial.score import score

_FIELDS = ("id", "text", "author_role", "room")
_ROOM_FIELDS = ("trade", "commune")
_LONGEST_LINE = 262_144
_SURROGATE = re.compile("[\ud800-\udfff]")


class BadLine(ValueError):
    """A line that is not a message to judge; says why in one line of French."""


@dataclass(frozen=True, slots=True)
class _Message:
    """A line of the input, read."""

    id: str
    submission: Submission


def moderate(stdin: IO[bytes], stdout: IO[str], stderr: IO[str], explain: bool = False) -> int:
    """Judge JSON Lines; 2 when a line could not be read, the others being answered."""
    policy = load_policy(shipped("policies"))
    bad = False
    for number, line in enumerate(stdin, start=1):
        if not line.strip():
            continue
        try:
            message = _read(line)
        except BadLine as error:
            stderr.write(f"ligne {number} : {error}\n")
            bad = True
            continue
        verdict = judge(message.submission, policy)
        for text in _answer(message, verdict, policy, explain):
            stdout.write(text + "\n")
    return 2 if bad else 0


def _read(line: bytes) -> _Message:
    if len(line) > _LONGEST_LINE:
        raise BadLine(f"trop longue ({len(line)} octets, {_LONGEST_LINE} au plus)")
    try:
        entry = json.loads(line.decode("utf-8-sig"))  # Windows begins a file with a mark
    except UnicodeDecodeError as error:
        raise BadLine(f"n'est pas en UTF-8 (octet {error.start + 1})") from error
    except json.JSONDecodeError as error:
        raise BadLine(f"n'est pas du JSON (caractère {error.colno})") from error
    except (ValueError, RecursionError) as error:
        raise BadLine("n'est pas du JSON (trop d'étages, ou nombre trop long)") from error
    return _checked(entry)


def _checked(entry: Any) -> _Message:
    if not isinstance(entry, dict):
        raise BadLine("un objet JSON est attendu")
    _only(entry, _FIELDS, "")
    room = entry["room"]
    if not isinstance(room, dict):
        raise BadLine("« room » doit être un objet")
    _only(room, _ROOM_FIELDS, "room.")
    texts = {**{key: entry[key] for key in _FIELDS[:3]}, **room}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise BadLine(f"« {key} » doit être un texte")
        if not value.isascii() and _SURROGATE.search(value):
            raise BadLine(f"« {key} » contient une moitié de caractère (\\ud800 à \\udfff)")
    if entry["author_role"] not in ROLES:
        raise BadLine(
            f"rôle inconnu « {entry['author_role'][:40]} » (connus : {', '.join(ROLES)})"
        )
    submission = Submission(entry["text"], entry["author_role"], room["trade"], room["commune"])
    return _Message(entry["id"], submission)


def _only(entry: dict[str, Any], known: tuple[str, ...], prefix: str) -> None:
    for key in known:
        if key not in entry:
            raise BadLine(f"champ manquant « {prefix}{key} »")
    for key in entry:
        if key not in known:
            raise BadLine(f"champ inconnu « {prefix}{key[:40]} »")


def _answer(message: _Message, verdict: Verdict, policy: Policy, explain: bool) -> Iterator[str]:
    if explain:
        yield f"── {message.id}"
        yield from explain_verdict(message.submission, verdict, policy)
        return
    findings = sorted(verdict.findings, key=lambda finding: finding.rule)
    yield json.dumps(
        {
            "id": message.id,
            "decision": verdict.decision,
            "rules": list(verdict.rules),
            "spans": {
                finding.rule: [list(span) for span in finding.spans] for finding in findings
            },
            "sentences": {f.rule: policy.rules[f.rule].sentences["fr"] for f in findings},
            "policy": verdict.policy_hash,
        },
        ensure_ascii=False,
    )


def policy_test(path: Path, html: Path | None = None, stdout: IO[str] | None = None) -> int:
    """Measure the policy on labelled messages; 0 when every decision is the expected one."""
    policy = load_policy(shipped("policies"))
    result = score(read_corpus(path), policy)
    (stdout or sys.stdout).write(report(result, policy))
    if html is not None:
        html.write_text(page(result, policy), "utf-8")
    return 0 if result.right == result.total else 1


def policy_pages(folder: Path, stdout: IO[str] | None = None) -> int:
    """Write the page of each rule, and their index."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = rule_pages(load_policy(shipped("policies")))
    for name, text in pages.items():
        (folder / name).write_text(text, "utf-8")
    (stdout or sys.stdout).write(f"{len(pages)} pages écrites dans {folder}\n")
    return 0
