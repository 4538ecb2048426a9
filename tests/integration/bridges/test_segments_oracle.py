"""Our count of SMS against that of sms-segments-calculator, on every text we could think of."""

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.strict_element import FOLDER, install, node

from appservice.files.communes import communes_of
from appservice.files.shipped import shipped
from bridges.sms.gsm7 import septets
from bridges.sms.segments import Encoding, prepare

NAMES = {Encoding.GSM7: "GSM-7", Encoding.UCS2: "UCS-2"}
CORPUS = (shipped("policies") / "exemples", Path(__file__).parents[2] / "corpus")
DEPARTMENTS = [
    *(f"{number:02}" for number in range(1, 96) if number != 20),
    *("2A", "2B", "971", "972", "973", "974", "976"),
]
# Letters that weigh one, those that weigh two in either alphabet, and typography.
LETTERS = "aeéèàùçêôÉÀœ’«» …–—°\u00a0€{}[]~\\^|@£$\n.,0123456789🚨👮é"


async def count(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Of each text."""
    await install()
    process = await asyncio.create_subprocess_exec(
        *(node(), "count_segments.mjs"),
        cwd=FOLDER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(json.dumps(list(texts)).encode())
    assert process.returncode == 0
    return [(name, number) for name, number in json.loads(out)]


def communes() -> list[str]:
    return [commune.name for code in DEPARTMENTS for commune in communes_of(code).values()]


def corpus() -> list[str]:
    lines = [
        line
        for folder in CORPUS
        for file in sorted(folder.rglob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]
    return [str(json.loads(line).get("text", "")) for line in lines if line]


def chance() -> list[str]:
    dice = random.Random(160)
    return ["".join(dice.choices(LETTERS, k=dice.randrange(1, 500))) for _ in range(1000)]


@pytest.mark.parametrize("source", [communes, corpus, chance])
async def test_both_count_the_same(source) -> None:
    texts = [text for text in source() if text.strip()]
    assert len(texts) > 500
    if source is communes:
        texts += [f"Alerte : vol par ruse à {name}. " * 6 for name in texts[::70]]
    made = [prepare(text) for text in texts]
    differ = [
        (sms.text, sms.detail, theirs)
        for sms, theirs in zip(made, await count([sms.text for sms in made]), strict=True)
        if (NAMES[sms.encoding], sms.segments) != theirs
    ]
    assert differ == []


@pytest.mark.parametrize("source", [communes, corpus, chance])
@pytest.mark.parametrize("gsm7_only", [False, True])
def test_nothing_becomes_a_question_mark_and_nothing_is_cut(source, gsm7_only: bool) -> None:
    for text in source():
        sms = prepare(text, gsm7_only=gsm7_only)
        assert sms.text.count("?") == text.count("?"), text
        assert "".join(sms.parts) == sms.text
        if sms.encoding is Encoding.GSM7:
            sizes = [sum(map(septets, part)) for part in sms.parts]
        else:
            assert sms.text == text  # letters that cost more are kept, whole
            sizes = [len(part.encode("utf-16-be")) // 2 for part in sms.parts]
        single, part = (160, 153) if sms.encoding is Encoding.GSM7 else (70, 67)
        assert max(sizes) <= (single if len(sizes) == 1 else part)
