"""What every answer carries and every request must show, before anybody is asked who they are."""

from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

_POLICY = (
    "default-src 'none'; "
    "style-src 'self'; "
    "img-src 'self' data:; "  # the style's own little drawings
    "font-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'"
)
# Where a page has the script that makes it livelier: ours alone, and none that text becomes.
SCRIPTED = _POLICY + (
    "; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # Links hold tokens: no other site may learn them. `no-referrer` would empty Origin as well.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Frame-Options": "DENY",
}
_SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})


class WrongSite(web.HTTPForbidden):
    """The request came from a page of another site."""


class WrongHost(web.HTTPMisdirectedRequest):
    """The request names another site than ours: a rebound DNS name, or a proxy that forgot."""


def check_origin(request: web.Request, url: str) -> None:
    """Raises WrongHost or WrongSite. `url` is where people reach the console.

    Every browser of today names where a form was sent from; what doesn't is not a browser.
    """
    ours = urlsplit(url)
    if request.host.lower() != ours.netloc.lower():
        raise WrongHost
    if request.method in _SAFE:
        return
    fetched = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get(hdrs.ORIGIN, "").lower()
    if fetched not in (None, "same-origin") or origin != f"{ours.scheme}://{ours.netloc}".lower():
        raise WrongSite


def scripted(response: web.Response) -> web.Response:
    """A page that may run the console's script."""
    response.headers["Content-Security-Policy"] = SCRIPTED
    return response


@web.middleware
async def with_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """On every answer, whatever it is. Pages are nobody else's to keep."""
    response = await handler(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    if request.app[SECURE]:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


SECURE = web.AppKey("secure", bool)
"""Whether people reach the console by https."""
