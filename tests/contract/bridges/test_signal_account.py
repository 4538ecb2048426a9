"""What a person does for the Signal account, on the stand-in and on the real signal-cli."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.bridge_worlds import SERVICE, SignalWorldUnderTest, eventually, unhealthy
from support.bridges import RecordingSink
from support.signal_rig.world import SignalRigWorld

from appservice.app import clock
from appservice.demo.child import wait_until
from bridges.protocol import Accepted, Health, Message, Outgoing, Throttled, Trouble, Unknown
from bridges.signal.account import SignalAccount
from bridges.signal.bridge import SignalBridge
from bridges.signal.errors import CallRefused, NotSent
from bridges.signal.settings import SignalSettings

World = SignalWorldUnderTest | SignalRigWorld
GOOD, WORN = "signalcaptcha://good", "signalcaptcha://worn"


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.signal_real)])
def fresh(request: pytest.FixtureRequest) -> World:
    if request.param == "real":
        return SignalRigWorld(request.getfixturevalue("signal_rig"))
    return SignalWorldUnderTest()


@pytest_asyncio.fixture
async def world(fresh: World) -> AsyncIterator[World]:
    await fresh.start()
    yield fresh
    await fresh.stop()


@pytest_asyncio.fixture
async def account(world: World) -> AsyncIterator[SignalAccount]:
    made = SignalAccount(SignalSettings(SERVICE, port=world.daemon_port, call_timeout=30))
    await made.start()
    yield made
    await made.stop()


def post(key: str, world: World) -> Outgoing:
    return Outgoing(key, world.target, f"Vol constaté, {key}")


async def test_the_account_and_its_devices_are_told(account: SignalAccount) -> None:
    assert (await account.version()).startswith("0.1")
    assert SERVICE in await account.accounts()
    assert [device.id for device in await account.devices()][:1] == [1]


async def test_an_outage_leaves_one_message_in_doubt_and_the_next_ones_wait(
    world: World,
) -> None:
    """Signal's servers are out of reach of a signal-cli that lives."""
    assert isinstance(await world.bridge.send(post("k0", world)), Accepted)
    await world.outage(True)
    assert isinstance(await world.bridge.send(post("k1", world)), Unknown)
    assert await world.bridge.send(post("k2", world)) == Throttled(30, "signal_unreachable")
    health = await world.bridge.health()
    assert (health.ok, health.code, health.troubles) == (False, "signal_unreachable", ())
    assert "chat.signal.org" in health.advice
    await world.outage(False)

    async def leaves() -> bool:
        return isinstance(await world.bridge.send(post("k2", world)), Accepted)

    await wait_until(leaves, "Signal de nouveau", poll=0.5)
    assert (await world.bridge.health()).ok


async def test_after_a_challenge_the_same_message_leaves(
    world: World, account: SignalAccount
) -> None:
    await world.challenge()
    throttled = await world.bridge.send(post("k1", world))
    assert throttled == Throttled(120, "challenge_required")
    health = await unhealthy(world.bridge)
    token = health.advice.rpartition("challenge ")[2].split()[0]
    with pytest.raises(CallRefused):
        await account.challenge(token, WORN)
    await account.challenge(token, GOOD)
    assert isinstance(await world.bridge.send(post("k1", world)), Accepted)
    assert (await world.bridge.health()).ok


async def test_a_new_telephone_waits_until_its_key_is_accepted(
    world: World, account: SignalAccount
) -> None:
    assert isinstance(await world.bridge.send(post("k1", world)), Accepted)
    await world.new_phone()
    held = await world.bridge.send(post("k2", world))
    assert held == Throttled(30, "untrusted_identity", alone=True), "nobody else waits"
    assert "maillage signal trust" in (await unhealthy(world.bridge)).advice
    latest = (await account.identities(world.target))[-1]
    assert (latest.aci, latest.trusted) == (world.target, False)
    with pytest.raises(CallRefused):
        await account.trust(world.target, "1" * 60)
    await account.trust(world.target, latest.safety_number)
    assert isinstance(await world.bridge.send(post("k2", world)), Accepted)
    assert (await world.bridge.health()).ok


async def link(world: World, account: SignalAccount) -> str:
    """A phone scans the code that is shown; the account's number."""
    scanning: list[asyncio.Task[None]] = []

    def show(uri: str) -> None:
        assert uri.startswith("sgnl://linkdevice?")
        scanning.append(asyncio.create_task(world.scan(uri)))

    number = await account.link("Maillage", show)
    await scanning[0]
    assert number in await account.accounts()
    return number


async def test_a_signal_cli_that_is_not_there_is_said(world: World) -> None:
    if isinstance(world, SignalRigWorld):
        return  # nothing of signal-cli's is in play
    await world.standin.stop()
    away = SignalAccount(SignalSettings(SERVICE, port=world.daemon_port))
    await away.start()
    with pytest.raises(NotSent):
        await away.version()
    await away.stop()


async def test_a_linked_device_fades_is_unlinked_and_once_linked_again_speaks_and_hears(
    world: World, account: SignalAccount
) -> None:
    await world.bridge.stop()
    number = await link(world, account)
    settings = SignalSettings(
        number, port=world.daemon_port, call_timeout=20, retry_first=0.05, retry_last=0.2
    )
    bridge, heard = SignalBridge(settings, clock), RecordingSink()
    await world.absent(number, 25)
    await bridge.start(heard)
    assert isinstance(await bridge.send(post("k1", world)), Accepted)
    assert (await bridge.health()).troubles == (Trouble("device_fades"),)

    await world.unlink(number)
    gone = Throttled(120, "account_not_registered")
    outcomes = [await bridge.send(post(f"k{n}", world)) for n in (2, 3)]
    assert outcomes in ([gone, gone], [Unknown("internal"), gone]), "one may be in doubt"
    health = await bridge.health()
    assert (health.ok, health.code) == (False, "account_not_registered")
    assert "maillage signal status" in health.advice
    assert number not in await account.accounts()

    assert await link(world, account) == number
    await world.absent(number, 0)
    assert isinstance(await bridge.send(post("k3", world)), Accepted)
    assert await bridge.health() == Health(ok=True)
    await world.says_to(number, "Vitrine brisée")
    await eventually(lambda: [m.text for m in heard.of(Message)] == ["Vitrine brisée"])
    await bridge.stop()
