"""Whether a text is nothing but talk, surely enough to keep it from the officers."""

import re

from appservice.domain.moderation.verdict import Verdict

_TALK = "chatter"
_WORD = re.compile(r"[^\W\d_]{4,}")
_LONGEST = 12  # words
_UNEXPLAINED = 2  # words of four letters or more that no pattern of talk knows


def just_talk(text: str, verdict: Verdict) -> bool:
    """« Merci, bon courage », not « merci, un type a pris ma caisse » said in unknown words.

    Chatter that was only concluded from having understood nothing is no talk: it may be a report.
    """
    if verdict.rules != (_TALK,) or len(text.split()) > _LONGEST:
        return False
    spans = verdict.findings[0].spans
    if not spans:
        return False
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return len(_WORD.findall(text)) <= _UNEXPLAINED
