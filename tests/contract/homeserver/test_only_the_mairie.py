"""Nobody enrols themselves: not in the console, not on the homeserver, not by writing to us."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from support.console import ConsoleTown
from support.matrix_rig import Rig, utc_now
from support.signing import a_newcomer
from support.store_builders import HandClock, counted_ids
from support.story import SomeMedia

from appservice.domain.console import Position
from appservice.domain.errors import PermanentFailure
from appservice.domain.member import Channel, Role
from appservice.files.keys import make_keys
from appservice.flows.inbound import Inbound
from appservice.store.migrate import migrate
from appservice.store.postgres import connect
from bridges.protocol import Message

pytestmark = pytest.mark.e2e

FORM = {
    "name": "Moi Même", "shop": "Chez Moi", "trades": "buralistes", "commune": "35152",
    "channels": "sms", "phone": "06 39 98 00 61", "language": "fr",
}  # fmt: skip
SHEET = "nom;commerce;metiers;commune;mobile;canaux\nMoi;Chez Moi;buralistes;Liffré;0639980061;sms"
WISH = "Bonjour, je tiens un tabac à Liffré, inscrivez-moi"


@pytest_asyncio.fixture
async def town(
    fresh_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> AsyncIterator[ConsoleTown]:
    dsn = await fresh_database()
    await migrate(dsn)
    clock = HandClock(utc_now())
    store = await connect(dsn, make_keys(tmp_path / "keys"), clock, counted_ids())
    opened = await ConsoleTown(store, clock, counted_ids()).open()
    yield opened
    await opened.close()
    await store.close()


async def enrolled(town: ConsoleTown) -> set[str]:
    async with town.store.transaction() as tx:
        return {m.id for m in await tx.members.everyone() if m.role is Role.MERCHANT}


@pytest.mark.acceptance("S2-01")
async def test_S2_01_only_the_mairie_enrols_and_nobody_enrols_themselves(
    town: ConsoleTown, real_rig: Rig, http: aiohttp.ClientSession
):
    merchant = await a_newcomer(town)
    known = await enrolled(town)
    forces = (Role.CHEF_DE_QUART, Role.GENDARME, Role.MUNICIPAL_POLICE)
    others = [
        town.visitor(),
        *[await town.signed_in(await town.agent(role)) for role in forces],
        *[await town.outsider(one) for one in Position if not one.is_member],
    ]
    for person in others:
        await person.get("/")
        for path, form in (
            ("/inscrire", FORM),
            ("/importer", {"sheet": SHEET}),
            ("/importer/absent/inscrire", {}),
        ):
            page = await person.post(path, form, allow_redirects=False)
            assert page.status == (403 if person.secret else 303), path
    with pytest.raises(PermanentFailure, match="ouverte ni aux commerçants"):
        await town.signed_in(merchant)

    inbound = Inbound(town.store, town.store.queue, town.world, town.clock, SomeMedia())
    for channel, sender in (
        (Channel.SMS, "+33639980061"),
        (Channel.SIGNAL, "aci-of-a-stranger"),
        (Channel.MATRIX, "@stranger:maillage.test"),
    ):
        message = Message(f"wish-{channel}", sender, WISH, town.clock(), None, ())
        await inbound.handle(channel, message)
    assert await enrolled(town) == known

    url = f"{real_rig.homeserver.url}/_matrix/client/v3/register"
    wanted = {"username": "moi", "password": "motdepasse", "auth": {"type": "m.login.dummy"}}
    async with http.post(url, json=wanted) as answer:
        assert (answer.status, (await answer.json())["errcode"]) == (403, "M_FORBIDDEN")

    mairie = await town.mairie()
    await mairie.get("/inscrire")
    done = await mairie.post("/inscrire", FORM)
    assert "est au registre" in done.text
    assert len(await enrolled(town)) == len(known) + 1
