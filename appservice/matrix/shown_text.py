"""What people see of a message: never less than Element shows, whatever the sender wrote where."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

LONGEST = 40_000  # characters; an event holds 64 KiB at most
HTML = "org.matrix.custom.html"
_FALLBACK = re.compile(r"\A(?:> [^\n]*\n)+\n?")
_BREAKS = {"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "hr"}


def clean(value: object, longest: int = LONGEST) -> str:
    """A text that can be stored anywhere; anything else is no text."""
    if not isinstance(value, str):
        return ""
    # Lone surrogates and NUL are what PostgreSQL and UTF-8 refuse.
    sound = value[:longest].encode("utf-8", "replace").decode("utf-8")
    return sound.replace("\0", "")


def shown_text(content: Mapping[str, Any]) -> str:
    """The text of an m.room.message content: the body, and the formatted one if it says more.

    Element shows `formatted_body`, others `body`: two different texts are both judged.
    """
    body = clean(content.get("body"))
    if is_reply(content):
        body = _FALLBACK.sub("", body)
    formatted = content.get("formatted_body")
    if content.get("format") != HTML or not isinstance(formatted, str):
        return body
    rendered = _render(clean(formatted))
    if _words(rendered) == _words(body):
        return body
    return f"{rendered}\n{body}" if body else rendered


def poll_text(content: Mapping[str, Any]) -> str:
    """Question and answers of a poll (MSC3381 and its stable form), one a line."""
    for name in ("m.poll", "m.poll.start", "org.matrix.msc3381.poll.start"):
        poll = content.get(name)
        if isinstance(poll, Mapping):
            answers = poll.get("answers")
            parts = [poll.get("question"), *(answers if isinstance(answers, list) else [])]
            return "\n".join(filter(None, map(_extensible, parts)))
    return clean(content.get("body"))


def is_reply(content: Mapping[str, Any]) -> bool:
    relation = content.get("m.relates_to")
    return isinstance(relation, Mapping) and "m.in_reply_to" in relation


def _extensible(part: object) -> str:
    if not isinstance(part, Mapping):
        return ""
    for name in ("m.text", "org.matrix.msc1767.text", "body"):
        text = part.get(name)
        if isinstance(text, str):
            return clean(text)
        if isinstance(text, list) and text and isinstance(text[0], Mapping):
            return clean(text[0].get("body"))
    return ""


def _words(text: str) -> str:
    # Plain bodies carry Markdown marks that the formatted ones have turned into tags.
    return "".join(character for character in text if character.isalnum()).casefold()


def _render(html: str) -> str:
    renderer = _Renderer()
    renderer.feed(html)
    renderer.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(renderer.parts)).strip()


class _Renderer(HTMLParser):
    """Keeps the words of a formatted body, without the quoted message it may begin with."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._quoting = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "mx-reply":
            self._quoting += 1
        elif tag in _BREAKS:
            self.parts.append("\n")
        # What a picture says in words.
        alt = dict(attributes).get("alt")
        if alt and not self._quoting:
            self.parts.append(f" {alt} ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "mx-reply":
            self._quoting = max(0, self._quoting - 1)

    def handle_data(self, data: str) -> None:
        if not self._quoting:
            self.parts.append(data)
