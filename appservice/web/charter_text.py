"""A charter laid out for reading, without a letter more or less than what is signed."""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from appservice.web.rendering import drawing

_BOLD = re.compile(r"(\*\*)([^*\n]+)(\*\*)")
_MARK = re.compile(r"(#{1,6} |- )(.*)", re.DOTALL)


def laid_out(text: str) -> Markup:
    """What a browser reads of it (`textContent`) is the text, to the byte.

    Marks of headings, lists and bold stay where they are, in a quieter colour.
    """
    return drawing("".join(_lines(text)))


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines(keepends=True):
        mark = _MARK.fullmatch(line)
        if mark is None:
            yield f'<div class="line">{_words(line)}</div>'
        elif mark[1].startswith("#"):
            level = min(len(mark[1]), 5)  # « # » gives h2: h1 is the page's own title
            yield f'<h{level} class="line">{_quiet(mark[1])}{_words(mark[2])}</h{level}>'
        else:
            yield f'<div class="line item">{_quiet(mark[1])}{_words(mark[2])}</div>'


def _words(text: str) -> str:
    out, last = [], 0
    for bold in _BOLD.finditer(text):
        out.append(str(escape(text[last : bold.start()])))
        out.append(f"{_quiet(bold[1])}<strong>{escape(bold[2])}</strong>{_quiet(bold[3])}")
        last = bold.end()
    return "".join([*out, str(escape(text[last:]))])


def _quiet(mark: str) -> str:
    return f'<span class="mark" aria-hidden="true">{mark}</span>'
