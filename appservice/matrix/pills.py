"""Mentions as Element writes them: a link to somebody (matrix.to), shown as a pill."""

import re
from collections.abc import Iterable, Mapping
from html import escape, unescape
from typing import Any
from urllib.parse import quote, unquote

from appservice.matrix.shown_text import HTML, clean
from bridges.protocol import Mention

MOST = 50
_TO = "https://matrix.to/#/"
# Spec, Client-Server API, User and room mentions.
_PILL = re.compile(
    r"<a\s[^<>]*href=[\"']https://matrix\.to/#/(@|%40)([^\"'?<>]+)[^<>]*>([^<>]*)</a>", re.I
)


def mentions_in(content: Mapping[str, Any], text: str) -> tuple[Mention, ...]:
    """Who is named in that text, and where. A name that the text does not hold is nobody's."""
    html = content.get("formatted_body")
    if content.get("format") != HTML or not isinstance(html, str):
        return ()
    found: list[Mention] = []
    begun = 0
    for _, who, shown in _PILL.findall(clean(html))[:MOST]:
        name = unescape(shown)
        at = text.find(name, begun) if name.strip() else -1
        if at >= 0:
            found.append(Mention(at, len(name), f"@{unquote(unescape(who))}"))
            begun = at + len(name)
    return tuple(found)


def with_pills(text: str, mentions: Iterable[Mention]) -> str:
    """The text as HTML in which each mention is a pill."""
    html, begun = "", 0
    for mention in sorted(mentions, key=lambda one: one.start):
        end = mention.start + mention.length
        link = f"{_TO}{quote(mention.who, safe='@:')}"
        html += escape(text[begun : mention.start])
        html += f'<a href="{link}">{escape(text[mention.start : end])}</a>'
        begun = end
    return (html + escape(text[begun:])).replace("\n", "<br>")
