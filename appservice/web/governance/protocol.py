"""The protocol in force: the rules, charters and settings of each territory."""

from aiohttp import web

from appservice.domain.charter import Charter
from appservice.domain.territory import Territory
from appservice.domain.wording.common import day_and_hour
from appservice.domain.world import World
from appservice.web.desk import DESK, asked, visitor_of
from appservice.web.rendering import render


async def page(request: web.Request) -> web.Response:
    desk, visitor = request.app[DESK], visitor_of(request)
    language, world = asked(request).language, desk.world
    told = await desk.protocol.history(visitor)
    return render(
        request,
        "protocol.html",
        policy=world.policy.hash[:12],
        rules=[
            (rule.id, rule.sentences.get(language) or rule.sentences["fr"], rule.legal_basis)
            for rule in world.policy.rules.values()
        ],
        charters={land.id: _binding(world, land) for land in world.territories.values()},
        told=[(one, day_and_hour(one.version.at)) for one in told],
        names={land.id: land.name for land in world.territories.values()},
        lands=[land for land in world.territories.values() if visitor.covers(land.id)],
    )


def _binding(world: World, land: Territory) -> list[Charter]:
    """What people sign there: merchants, agents, and each public among its trades."""
    publics = [world.publics[trade].charter for trade in land.trades if trade in world.publics]
    return [world.charters[name] for name in dict.fromkeys([*land.charters.values(), *publics])]
