"""`maillage moderate` and `maillage policy test`, seen from the terminal."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples

from appservice.moderate_cli import moderate, policy_test

GOOD = {
    "id": "1",
    "text": "Vol de carburant à Gorron, fourgon AZ-118-RT",
    "author_role": "gendarme",
    "room": {"trade": "garage", "commune": "Gorron"},
}


def _run(*lines: bytes, explain: bool = False) -> tuple[int, list[str], list[str]]:
    out, err = io.StringIO(), io.StringIO()
    code = moderate(io.BytesIO(b"\n".join(lines)), out, err, explain)
    return code, out.getvalue().splitlines(), err.getvalue().splitlines()


def _line(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False).encode()


def test_an_answer_says_decision_rules_places_and_sentences() -> None:
    code, out, err = _run(_line())
    answer = json.loads(out[0])
    assert (code, err) == (0, [])
    assert answer["id"] == "1"
    assert answer["decision"] == "revise"
    assert answer["rules"] == ["licence-plate"]
    start, end = answer["spans"]["licence-plate"][0]
    assert GOOD["text"][start:end] == "AZ-118-RT"
    assert answer["sentences"]["licence-plate"].startswith("Retirez l'immatriculation")
    assert len(answer["policy"]) == 64


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (b"not json", "ligne 1 : n'est pas du JSON"),
        (b"[1]", "ligne 1 : un objet JSON est attendu"),
        (b'{"id": "\xff"}', "ligne 1 : n'est pas en UTF-8"),
        (b'{"id": "1"}', "ligne 1 : champ manquant « text »"),
        (_line(extra=1), "ligne 1 : champ inconnu « extra »"),
        (_line(author_role="boss"), "ligne 1 : rôle inconnu « boss »"),
        (_line(text=3), "ligne 1 : « text » doit être un texte"),
        (_line(room={"trade": "t"}), "ligne 1 : champ manquant « room.commune »"),
        (_line(room="Gorron"), "ligne 1 : « room » doit être un objet"),
        (_line(text="a" * 1_000_000), "ligne 1 : trop longue"),
        (b"[" * 100_000, "ligne 1 : n'est pas du JSON (trop d'étages"),
        (b'{"id": ' + b"9" * 5_000 + b"}", "ligne 1 : n'est pas du JSON (trop d'étages"),
        (b'{"id" "1"}', "ligne 1 : n'est pas du JSON (caractère 7)"),
        (b'{"id": NaN}', "ligne 1 : champ manquant « text »"),
        (json.dumps({**GOOD, "text": "vol \udfff"}).encode(), "ligne 1 : « text » contient une"),
        (json.dumps({**GOOD, "id": "\ud800"}).encode(), "ligne 1 : « id » contient une moitié"),
    ],
)
def test_a_bad_line_is_named_and_the_next_one_answered(bad: bytes, message: str) -> None:
    code, out, err = _run(bad, _line(id="2"))
    assert code == 2
    assert len(err) == 1
    assert err[0].startswith(message)
    assert [json.loads(line)["id"] for line in out] == ["2"]


@examples(60)
@given(st.lists(st.one_of(st.just(_line(id="ok")), st.binary(max_size=80)), max_size=8))
def test_whatever_bytes_come_each_line_is_answered_or_named_once(lines: list[bytes]) -> None:
    written = b"\n".join(lines).split(b"\n")
    code, out, err = _run(*written)
    said = [n for n, line in enumerate(written, 1) if line.strip()]
    named = [int(line.split(" ")[1]) for line in err]
    assert len(out) + len(err) == len(said)
    assert len(set(named)) == len(named)
    assert set(named) <= set(said)
    assert code == (2 if err else 0)
    assert len(out) >= written.count(_line(id="ok"))


def test_a_file_from_windows_is_read() -> None:
    code, out, err = _run(b"\xef\xbb\xbf" + _line() + b"\r", _line(id="2") + b"\r")
    assert (code, err) == (0, [])
    assert [json.loads(line)["id"] for line in out] == ["1", "2"]


def test_answers_are_utf_8_whatever_the_terminal_speaks() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appservice", "moderate"],
        input=_line(text="Vol d’été à Gorron, appelez le 06 39 98 00 00") + b"\n\xff\n",
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout.decode("utf-8"))["sentences"]["contact-details"]
    assert done.stderr.decode("utf-8") == "ligne 2 : n'est pas en UTF-8 (octet 1)\n"


def test_explanations_are_for_people() -> None:
    _, out, _ = _run(_line(), explain=True)
    text = "\n".join(out)
    assert "K1 fait" in text
    assert "« AZ-118-RT »" in text
    assert "vérifié le" in text
    assert "proposition : Vol de carburant à Gorron, fourgon" in text


def test_the_bench_prints_figures_and_writes_a_page(tmp_path: Path) -> None:
    corpus, html, out = tmp_path / "c.jsonl", tmp_path / "p.html", io.StringIO()
    wrong = {**GOOD, "id": "w", "decision": "publish", "rules": []}
    right = {**GOOD, "id": "r", "decision": "revise", "rules": ["licence-plate"]}
    corpus.write_text("\n".join(json.dumps(row) for row in (wrong, right)), "utf-8")
    assert policy_test(corpus, html, out) == 1
    assert "décisions justes : 1/2" in out.getvalue()
    assert "publish → revise : 1" in out.getvalue()
    page = html.read_text("utf-8")
    assert '<mark title="licence-plate">AZ-118-RT</mark>' in page
    assert page.count("<article") == 1
