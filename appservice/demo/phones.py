"""The page that shows the phones side by side, live, with a box to answer as each of them."""

import asyncio
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aiohttp import web
from aiohttp.typedefs import Handler
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from appservice.demo.phone import Phone, SayRefused, Thread
from appservice.web.rendering import drawn_emblem
from bridges.protocol import Attachment

LOOPBACK = "127.0.0.1"
_HERE = Path(__file__).parent
_LOOK = 0.4  # seconds between two looks at the phones
_STILL_HERE = 40  # looks without news before a sign of life
_MAX_POST = 12 * 1024 * 1024
_MAX_TEXT = 4000
_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PLACE = re.compile(r"[A-Za-z0-9-]+")


class PhonesPage:
    """An HTTP server on loopback. Phones may be added while it runs."""

    def __init__(self, phones: Sequence[Phone] = (), port: int = 0) -> None:
        self._phones: dict[str, Phone] = {}
        for phone in phones:
            self.add(phone)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["paris"] = ZoneInfo("Europe/Paris")

    def add(self, phone: Phone) -> None:
        """One more phone on the page. Raises ValueError for an id that does not fit an address."""
        if not _PLACE.fullmatch(phone.id):
            raise ValueError(f"not an id for a phone: {phone.id!r}")
        self._phones[phone.id] = phone

    @property
    def url(self) -> str:
        """Where to look; valid once started."""
        return f"http://{LOOPBACK}:{self._port}/"

    async def start(self) -> None:
        """Listens. Raises OSError when the port is taken."""
        self._closing.clear()
        app = web.Application(middlewares=[self._guard], client_max_size=_MAX_POST)
        app.router.add_get("/", self._page)
        app.router.add_get("/live", self._live)
        app.router.add_get("/phones/{phone}", self._fragment)
        app.router.add_post("/phones/{phone}/messages", self._say)
        app.router.add_get("/phones/{phone}/photos/{bubble}", self._photo)
        app.router.add_static("/static", _HERE / "static")
        app.router.add_get("/maillage.svg", self._emblem)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Ends the live connections and stops listening."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _emblem(self, _: web.Request) -> web.Response:
        return web.Response(body=drawn_emblem(), content_type="image/svg+xml")

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answers this machine's browser only, and takes words from this page only."""
        here = {f"{name}:{self._port}" for name in (LOOPBACK, "localhost")}
        if request.host not in here:
            raise web.HTTPForbidden(text="Cette page se visite depuis cette machine.")
        if request.method not in ("GET", "HEAD") and not _same_origin(request):
            raise web.HTTPForbidden(text="Ce message ne vient pas de cette page.")
        try:
            response = await handler(request)
        except web.HTTPException as answer:
            answer.headers.update(_HEADERS)
            raise
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    async def _page(self, request: web.Request) -> web.Response:
        template = self._templates.get_template("phones.html")
        return _html(
            template.render(phones=[self._view(p) for p in _mixed(self._phones.values())])
        )

    async def _fragment(self, request: web.Request) -> web.Response:
        template = self._templates.get_template("phone.html")
        return _html(template.render(phone=self._view(self._asked(request))))

    async def _say(self, request: web.Request) -> web.Response:
        phone = self._asked(request)
        fields = await request.post()
        text, photo = str(fields.get("text", "")).strip(), _picture(fields.get("photo"))
        if not text and photo is None:
            raise web.HTTPBadRequest(text="Écrivez un message, ou joignez une photo.")
        if len(text) > _MAX_TEXT:
            raise web.HTTPBadRequest(text=f"Le message dépasse {_MAX_TEXT} signes.")
        thread = _writable(phone.threads(), str(fields.get("thread", "")))
        try:
            await phone.say(thread, text, photo)
        except SayRefused as error:
            raise web.HTTPConflict(text=str(error)) from error
        raise web.HTTPSeeOther(f"/#{phone.id}")

    async def _photo(self, request: web.Request) -> web.Response:
        photo = await self._asked(request).photo(request.match_info["bubble"])
        if photo is None or photo.content_type not in _PICTURES:
            raise web.HTTPNotFound(text="Cette photo n'existe pas.")
        return web.Response(body=photo.data, content_type=photo.content_type)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Server-Sent Events: the id of each phone that changed."""
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        known: dict[str, int] = {}
        quiet = 0
        try:
            while not self._closing.is_set():
                news = self._news(known)
                quiet = 0 if news else quiet + 1
                if news or quiet % _STILL_HERE == 1:
                    await response.write(b"".join(news) or b": still here\n\n")
                await self._pause()
        except ConnectionError:
            pass  # the browser went away
        return response

    def _news(self, known: dict[str, int]) -> list[bytes]:
        news = []
        for phone in self._phones.values():
            looks = hash((tuple(phone.messages()), tuple(phone.threads())))
            if known.get(phone.id) != looks:
                known[phone.id] = looks
                news.append(f"event: phone\ndata: {phone.id}\n\n".encode())
        return news

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_LOOK):
                await self._closing.wait()
        except TimeoutError:
            return

    def _asked(self, request: web.Request) -> Phone:
        phone = self._phones.get(request.match_info["phone"])
        if phone is None:
            raise web.HTTPNotFound(text="Ce téléphone n'existe pas.")
        return phone

    def _view(self, phone: Phone) -> Mapping[str, object]:
        threads = list(phone.threads())
        return {
            "id": phone.id,
            "kind": phone.kind,
            "title": phone.title,
            "owner": phone.owner,
            "takes_photos": phone.takes_photos,
            "writable": [thread for thread in threads if thread.writable],
            "names": {thread.id: thread.title for thread in threads},
            "bubbles": list(phone.messages()),
        }


def _mixed(phones: Iterable[Phone]) -> list[Phone]:
    """One of each kind in turn, so that the three kinds stand side by side."""
    by_kind: dict[str, list[Phone]] = {}
    for phone in phones:
        by_kind.setdefault(phone.kind, []).append(phone)
    rows = itertools.zip_longest(*by_kind.values())
    return [phone for row in rows for phone in row if phone is not None]


def _same_origin(request: web.Request) -> bool:
    """Browsers name the origin of a form; one that does not is refused."""
    said = request.headers.get("Origin") or request.headers.get("Referer", "")
    origin = urlsplit(said)
    return (origin.scheme, origin.netloc) == ("http", request.host)


def _writable(threads: Sequence[Thread], asked: str) -> str:
    open_ones = [thread.id for thread in threads if thread.writable]
    if asked not in open_ones:
        raise web.HTTPConflict(text="On ne peut pas écrire dans cette conversation.")
    return asked


def _picture(field: object) -> Attachment | None:
    if not isinstance(field, web.FileField):
        return None
    data = field.file.read()
    if not data:
        return None
    if field.content_type not in _PICTURES:
        raise web.HTTPBadRequest(text="Joignez une photo : JPEG, PNG, WebP ou GIF.")
    return Attachment(field.content_type, data, field.filename)


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html")
