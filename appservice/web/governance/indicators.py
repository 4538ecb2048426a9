"""The figures of the territory: totals and times, in which nobody is named."""

from aiohttp import web

from appservice.domain.console.indicators import QUICK
from appservice.domain.console.openly import FEWEST, OVER
from appservice.web.desk import DESK, visitor_of
from appservice.web.rendering import render


async def page(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    found = await desk.watching.of(visitor_of(request))
    ratings = await desk.watching.ratings(visitor_of(request))
    lands = [
        (desk.world.territories[land], counts, ratings[land]) for land, counts in found.items()
    ]
    quick = QUICK.seconds // 60
    return render(
        *(request, "indicators.html"), lands=lands, over=OVER.days, quick=quick, fewest=FEWEST
    )
