"""The page for everybody: what Maillage is for, its rules, how long it keeps what, its counts."""

from collections.abc import Mapping

from aiohttp import web

from appservice.domain.console.openly import FEWEST, OVER, STEP
from appservice.domain.world import Retention
from appservice.web.desk import DESK, asked
from appservice.web.rendering import render

KEPT: Mapping[str, str] = {
    "signalements": "Signalements, après leur clôture",
    "signalements_ouverts": "Signalements que personne n'a clos",
    "alertes": "Alertes",
    "envois": "Traces d'envoi et de réception",
    "actes": "Journal des actes",
    "membres": "Inscription, après la fin de la dernière charte",
}
"""What is kept, by the name of its time."""


async def page(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    language, world = asked(request).language, desk.world
    counts = await desk.openly.counts()
    return render(
        request,
        "openly.html",
        rules=[
            (rule.sentences.get(language) or rule.sentences["fr"], rule.legal_basis)
            for rule in world.policy.rules.values()
        ],
        policy=world.policy.hash[:12],
        charters=list(world.charters.values()),
        kept=_kept(world.retention),
        photos=world.settings.photo_kept.days or 1,
        lands=[(land, counts[land.id]) for land in world.territories.values()],
        at=desk.openly.at,
        fewest=FEWEST,
        step=STEP,
        over=OVER.days,
    )


def _kept(retention: Retention) -> list[tuple[str, int]]:
    """What is kept, and for how many days."""
    return [(named, getattr(retention, name).days) for name, named in KEPT.items()]
