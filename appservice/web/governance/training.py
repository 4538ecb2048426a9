"""Who followed the training, marked one by one."""

from aiohttp import web

from appservice.domain.errors import Refused
from appservice.web.desk import DESK, member_of, sent_to, territory_of, text_of, visitor_of
from appservice.web.filters import page_of
from appservice.web.rendering import render

TRAINED = "oui"


async def list_page(request: web.Request) -> web.Response:
    """Those who were not trained, unless the others are asked for."""
    territory = territory_of(request)
    problems: dict[str, str] = {}
    page = page_of(request.query.get("page", ""), problems)
    if problems:
        raise Refused(problems["page"])
    trained = request.query.get("formes") == TRAINED
    found = await request.app[DESK].training.listed(
        visitor_of(request), territory.id, page, trained=trained
    )
    return render(request, "training.html", found=found, trained=trained, territory=territory)


async def mark(request: web.Request) -> web.Response:
    """Back to the list it was marked in, or to the member's own page."""
    member, trained = member_of(request), text_of(request, "formation") == TRAINED
    done = await request.app[DESK].training.mark(visitor_of(request), member, trained=trained)
    if done is None:
        raise web.HTTPNotFound
    if text_of(request, "retour") == "participant":
        return sent_to(f"/participants/{member}")
    return sent_to("/formation" if trained else f"/formation?formes={TRAINED}")
