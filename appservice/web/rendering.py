"""Templates: escaped by default, in the language of whoever reads."""

import hashlib
import hmac
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jinja2
from aiohttp import web
from markupsafe import Markup

from appservice.web.desk import ASKED, DESK, Asked, asked
from appservice.web.languages import NAMES, SOURCE, catalogue

HTML = "text/html"


@lru_cache(maxsize=len(NAMES))
def environment(language: str) -> jinja2.Environment:
    """One per language: translations belong to an environment."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("appservice.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    texts = catalogue(language)
    # Not the new style: that one holds whatever it translates for markup, names of people too.
    made.install_gettext_callables(  # type: ignore[attr-defined] # added by the extension
        texts.gettext, texts.ngettext, newstyle=False
    )
    made.globals.update(
        script=f"/script.js?v={_version(script())}",
        languages=NAMES,
        language=language,
    )
    return made


def render(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """A page. `problems` maps a field of the form to what must be mended in it."""
    known = request.get(ASKED) or Asked(SOURCE)
    page = environment(known.language).get_template(template)
    html = page.render(
        visitor=known.visitor,
        form_token=form_token(known.token),
        path=request.path,
        style=f"/style.css?v={_version(style(of_state=bool(request.app[DESK].authority)))}",
        authority=request.app[DESK].authority,
        problems=values.pop("problems", {}),
        now=request.app[DESK].clock(),
        tests=_tests(request, known),
        **values,
    )
    return web.Response(text=html, status=status, content_type=HTML)


def _tests(request: web.Request, known: Asked) -> list[str]:
    """Names of the visitor's territories that are in their test phase."""
    if known.visitor is None:
        return []
    lands = request.app[DESK].world.territories.values()
    return [
        land.name for land in lands if land.test_list is not None and known.visitor.covers(land.id)
    ]


def said(request: web.Request, message: str) -> str:
    """A text in the language of whoever reads."""
    return catalogue(asked(request).language).gettext(message)


def form_token(session: str) -> str:
    """What a form of this session holds, and a page of another site can't guess."""
    return hmac.digest(session.encode(), b"maillage form", "sha256").hex() if session else ""


@lru_cache(maxsize=2)
def style(*, of_state: bool = False) -> bytes:
    """The base that the set-up brings, then ours. Without the base, pages are plain but whole.

    `of_state`: over the State's design system, for those who may.
    """
    names = ["base.css", "console.css", "alerts.css", "arrival.css"]
    if of_state:
        names += ["dsfr.css", "state.css"]
    found = (files("appservice.web") / "static" / name for name in names)
    return b"".join(sheet.read_bytes() for sheet in found if sheet.is_file())


@lru_cache(maxsize=1)
def script() -> bytes:
    """What makes some pages livelier; each of them is whole without it."""
    folder = files("appservice.web") / "static"
    return b"".join((folder / name).read_bytes() for name in ("console.js", "passkeys.js"))


@lru_cache(maxsize=1)
def drawn_emblem() -> bytes:
    """The sign of the product, in SVG."""
    return (files("appservice.web") / "static" / "maillage.svg").read_bytes()


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def drawing(svg: str) -> Markup:
    """A drawing that a library of ours made: markup that is not escaped."""
    return Markup(svg)  # noqa: S704 - segno writes shapes, never the text that they encode
