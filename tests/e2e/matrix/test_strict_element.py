"""Element's own crypto engine in strict mode: no shield on what we say, and it lets us read."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from support.matrix_rig import Rig
from support.strict_element import StrictElement

from bridges.protocol import Action

pytestmark = pytest.mark.e2e


@pytest_asyncio.fixture
async def own(make_rig: Any) -> Rig:
    rig: Rig = await make_rig()
    await rig.start()
    return rig


@pytest_asyncio.fixture
async def carol(own: Rig) -> AsyncIterator[StrictElement]:
    account = await own.homeserver.register_user("carole", "motdepasse")
    strict = StrictElement(own.homeserver.url, account)
    await strict.start()
    yield strict
    await strict.close()


async def test_a_strict_element_and_the_service_read_each_other(
    own: Rig, carol: StrictElement, fresh_database: Any
) -> None:
    room = await own.room()
    await own.invite(room, carol.account.mxid)
    await carol.tells("joined", room)

    first = await own.post(room, "Vol signalé rue Hoche")
    await reads_without_shield(carol, first.provider_id)
    await own.edit(room, first.provider_id, "Vol signalé rue Hoche, corrigé")
    await own.post(room, "", action=Action.DELETE, acts_on=first.provider_id)

    await carol.say(room, "Bien reçu")
    heard = await own.hears("Bien reçu")
    assert heard.verified
    assert heard.sender == carol.account.mxid

    # A restart and a lost store change neither the identity nor the trust in it.
    await own.restart()
    second = await own.post(room, "Après redémarrage")
    await reads_without_shield(carol, second.provider_id)
    await own.restart(database=await fresh_database())
    third = await own.post(room, "Après la perte du magasin")
    await reads_without_shield(carol, third.provider_id)
    await carol.say(room, "Toujours là")
    assert (await own.hears("Toujours là")).verified
    assert not carol.never_read()
    assert not [fact for fact in carol.facts if "failed" in fact]


async def reads_without_shield(carol: StrictElement, event: str) -> None:
    fact = await carol.tells("event", event)
    seen = {name: fact.get(name) for name in ("encrypted", "shield", "reason", "identityChanged")}
    assert seen == {"encrypted": True, "shield": 0, "reason": None, "identityChanged": False}, fact
