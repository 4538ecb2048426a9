"""OVHcloud's API, on a stand-in from its public documentation: what the contract does not say."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio
from support.bridge_worlds import eventually, ticking
from support.ovh_standin import CONSUMER, SERVICE
from support.sms_worlds import OvhWorld

from bridges.protocol import (
    Accepted,
    Message,
    Outgoing,
    Receipt,
    ReceiptState,
    Rejected,
    Throttled,
    Unknown,
)
from bridges.sms.bridge import SmsBridge, message_id
from bridges.sms.ovh import OvhSms
from bridges.sms.ovh_api import signature
from bridges.sms.settings import OvhSettings

pytestmark = pytest.mark.contract_only


@pytest_asyncio.fixture
async def world() -> AsyncIterator[OvhWorld]:
    world = OvhWorld()
    await world.start()
    yield world
    await world.stop()


def bridge_of(settings: OvhSettings) -> SmsBridge:
    return SmsBridge(OvhSms(settings, ticking()), settings)


async def post(world: OvhWorld, text: str = "Vol", key: str = "k") -> object:
    return await world.bridge.send(Outgoing(key, world.target, text))


def test_the_signature_is_that_of_the_documentation():
    """The example of their first steps, with its keys, which open nothing."""
    secret, consumer = "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF", "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1"
    made = signature(
        secret, consumer, "GET", "https://eu.api.ovh.com/1.0/domains/", b"", "1366560945"
    )
    assert made == "$1$d3705e8afb27a0d2970a322b96550abfc67bb798"


async def test_a_job_is_no_advertisement_and_bears_our_id(world: OvhWorld) -> None:
    await post(world, "Êtes-vous ouverts ? 20 €")
    assert world.ovh.jobs == [
        {
            "charset": "UTF-8", "class": "phoneDisplay", "coding": "8bit",
            "message": "Êtes-vous ouverts ? 20 €", "noStopClause": True, "priority": "high",
            "receivers": [world.target], "tag": message_id("k", "s3cret"),
            "validityPeriod": 30, "sender": "MANTES",
        }
    ]  # fmt: skip


async def test_no_network_keeps_a_text_longer_than_it_is_of_use(world: OvhWorld) -> None:
    """Contract only: what their documentation calls `validityPeriod`, in minutes."""
    end = ticking()() + timedelta(minutes=12, seconds=45)
    await world.bridge.send(Outgoing("k", world.target, "Vol", expires_at=end))
    [job] = world.ovh.jobs
    assert job["validityPeriod"] == 12


async def test_a_number_that_can_be_answered_stands_where_the_name_would(world: OvhWorld) -> None:
    bridge = bridge_of(replace(world.account, replies=True))
    await bridge.start(world.sink)
    await bridge.send(Outgoing("k", world.target, "Vol"))
    await bridge.stop()
    [job] = world.ovh.jobs
    assert job["senderForResponse"] is True
    assert "sender" not in job


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Rejected("gateway_400")),
        (500, Unknown("gateway_500", "gsm7 1", "Vol")),
        (503, Unknown("gateway_503", "gsm7 1", "Vol")),
    ],
)
async def test_other_answers_mean_what_is_known_of_the_text(
    world: OvhWorld, status: int, outcome: object
) -> None:
    world.ovh.faults.status = status
    assert await post(world) == outcome
    assert world.ovh.phones == []


@pytest.mark.parametrize("status", [402, 404])
async def test_no_credit_and_no_such_account_wait_for_somebody_too(
    world: OvhWorld, status: int
) -> None:
    world.ovh.faults.status = status
    outcome = await post(world)
    assert isinstance(outcome, Throttled)
    assert outcome.code == "gateway_refuses_us"


async def test_wrong_keys_wait_for_somebody_to_mend_them(world: OvhWorld) -> None:
    for wrong in ({"application_secret": "x"}, {"consumer_key": "x"}, {"application_key": "x"}):
        bridge = bridge_of(replace(world.account, **wrong))
        await bridge.start(world.sink)
        outcome = await bridge.send(Outgoing("k", world.target, "Vol"))
        assert isinstance(outcome, Throttled)
        assert outcome.code == "gateway_refuses_us"
        assert not (await bridge.health()).ok
        await bridge.stop()
    assert CONSUMER not in str(world.ovh.jobs)


@pytest.mark.parametrize(("ptt", "final"), [(21, True), (31, False)])
async def test_a_failure_is_told_once_it_is_final(world: OvhWorld, ptt: int, final: bool) -> None:
    world.ovh.faults.ptt = ptt
    await post(world)
    seen = len(world.ovh.asked)
    if final:
        await eventually(lambda: world.sink.of(Receipt), "the receipt")
        [receipt] = world.sink.of(Receipt)
        name = message_id("k", "s3cret")
        assert receipt == Receipt(name, ReceiptState.FAILED, code="ptt_21")
    else:
        asks = f"GET /1.0/sms/{SERVICE}/outgoing/1"
        await eventually(lambda: world.ovh.asked[seen:].count(asks) >= 2, "two looks")
        assert world.sink.of(Receipt) == []


async def test_a_lost_answer_still_has_its_receipt(world: OvhWorld) -> None:
    world.ovh.faults.silent = True
    assert await post(world) == Unknown("no_answer", "gsm7 1", "Vol")
    await eventually(lambda: world.sink.of(Receipt), "the receipt")
    assert world.sink.of(Receipt) == [Receipt(message_id("k", "s3cret"), ReceiptState.DELIVERED)]
    assert len(world.ovh.jobs) == 1


async def test_what_was_read_does_not_stay_over_there(world: OvhWorld) -> None:
    assert isinstance(await post(world), Accepted)
    await world.says("STOP")
    await eventually(lambda: world.sink.of(Receipt) and world.sink.of(Message), "both")
    await eventually(lambda: not world.ovh.sent and not world.ovh.incoming, "an empty history")


async def test_what_others_sent_from_the_account_is_left_alone(world: OvhWorld) -> None:
    job = {"message": "Bonjour", "tag": "newsletter", "coding": "7bit", "sender": "AUTRE"}
    await world.bridge.stop()
    sent = world.ovh._send(job, world.target)
    await world.bridge.start(world.sink)
    asks = f"GET /1.0/sms/{SERVICE}/outgoing/{sent}"
    await eventually(lambda: world.ovh.asked.count(asks) >= 2, "two looks")
    assert sent in world.ovh.sent
    assert world.sink.of(Receipt) == []
