"""SMS as a channel, on the stand-in: what the common contract does not say."""

import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
import pytest_asyncio
from support.bridge_worlds import SmsWorld, eventually, ticking

from bridges.protocol import (
    Accepted,
    Attachment,
    Message,
    Named,
    Outgoing,
    Receipt,
    ReceiptState,
    Rejected,
    Throttled,
    Unknown,
)
from bridges.sms.bridge import SmsBridge, message_id
from bridges.sms.kannel import Kannel
from bridges.sms.settings import KannelSettings

SECRET = "s3cret"  # of SmsWorld


@pytest_asyncio.fixture
async def world() -> AsyncIterator[SmsWorld]:
    world = SmsWorld()
    await world.start()
    yield world
    await world.stop()


def bridge_of(settings: KannelSettings) -> SmsBridge:
    return SmsBridge(Kannel(settings, ticking()), settings)


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.text()


async def test_a_text_that_leaves_as_we_stop_names_where_kannel_will_call(world: SmsWorld) -> None:
    before = world.kannel.callback
    await world.kannel.close()
    assert world.kannel.callback == before


async def test_encoding_and_segments_are_told_without_content(world: SmsWorld) -> None:
    for text, detail, coding in (("Vol", "gsm7 1", "0"), ("Être prudent", "ucs2 1", "2")):
        outcome = await world.bridge.send(Outgoing(text, world.target, text))
        assert isinstance(outcome, Accepted)
        assert outcome.detail == detail
        assert world.standin.inbox(world.target)[-1].coding == coding


async def test_a_number_is_understood_as_people_write_it(world: SmsWorld) -> None:
    outcome = await world.bridge.send(Outgoing("k", "06 39 98 00 01", "Vol"))
    assert isinstance(outcome, Accepted)
    assert world.shown("+33639980001") == ["Vol"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"target": "01 40 20 50 50"}, "invalid_number"),
        ({"text": ""}, "empty"),
        ({"text": "\u200b "}, "empty"),
        ({"text": "a" * 460}, "too_long"),
        ({"text": "ê" * 202}, "too_long"),
        ({"attachments": (Attachment("image/png", b"x"),)}, "not_supported"),
        ({"to_group": True}, "not_supported"),
    ],
)
async def test_what_cannot_be_sent_whole_is_not_sent(
    world: SmsWorld, change: dict[str, object], code: str
) -> None:
    message = replace(Outgoing("k", world.target, "Vol"), **change)  # type: ignore[arg-type] # any field
    assert await world.bridge.send(message) == Rejected(code)
    assert world.shown(world.target) == []


async def test_wrong_credentials_wait_for_somebody_to_mend_them(world: SmsWorld) -> None:
    bridge = bridge_of(replace(world.settings, password="wrong"))
    await bridge.start(world.sink)
    outcome = await bridge.send(Outgoing("k", world.target, "Vol"))
    assert isinstance(outcome, Throttled)
    assert outcome.code == "gateway_refuses_us"
    await bridge.stop()


async def test_kannel_may_know_us_by_another_address(world: SmsWorld) -> None:
    base = world.kannel.callback.removesuffix("/s3cret")
    settings = replace(world.settings, callback="http://maillage.example:8090/", port=0)
    kannel = Kannel(settings, ticking())
    await kannel.open(world.sink)
    assert kannel.callback == "http://maillage.example:8090/s3cret"
    assert world.kannel.callback == f"{base}/s3cret"
    await kannel.close()


async def test_before_the_start_everything_waits(world: SmsWorld) -> None:
    bridge = bridge_of(world.settings)
    assert isinstance(await bridge.send(Outgoing("k", "+33639980001", "Vol")), Throttled)
    assert not (await bridge.health()).ok


async def test_our_id_says_nothing_and_is_stable(world: SmsWorld) -> None:
    outcome = await world.bridge.send(Outgoing("alert:7:+33639980001", world.target, "Vol"))
    assert isinstance(outcome, Accepted)
    key = "alert:7:+33639980001"
    assert outcome.provider_id == message_id(key, SECRET)
    assert isinstance(world.bridge, Named)
    assert world.bridge.name_of(key) == outcome.provider_id, "known before it leaves"
    # Whoever has the id and guesses the number can't tell that they guessed right.
    assert outcome.provider_id != message_id(key, "autre")
    assert outcome.provider_id not in hashlib.sha256(key.encode()).hexdigest()
    assert "639" not in outcome.provider_id


async def test_a_lost_answer_still_has_its_receipt(world: SmsWorld) -> None:
    world.standin.faults.silent = True
    assert await world.bridge.send(Outgoing("k", world.target, "Vol")) == Unknown(
        "no_answer", "gsm7 1", "Vol"
    )
    name = message_id("k", SECRET)
    status, _ = await get(f"{world.kannel.callback}/dlr?id={name}&state=1&at=5")
    assert status == 200
    assert world.sink.of(Receipt) == [Receipt(name, ReceiptState.DELIVERED)]


@pytest.mark.parametrize(("state", "code"), [("2", "undelivered"), ("16", "smsc_rejected")])
async def test_a_failure_is_reported(world: SmsWorld, state: str, code: str) -> None:
    world.standin.faults.report = state
    await world.bridge.send(Outgoing("k", world.target, "Vol"))
    await eventually(lambda: world.sink.of(Receipt), "the report")
    (receipt,) = world.sink.of(Receipt)
    assert (receipt.state, receipt.code) == (ReceiptState.FAILED, code)


@pytest.mark.parametrize(
    "query", ["", "id=x&state=4", "id=x&state=8", "id=../x&state=1", "id=&state=1"]
)
async def test_reports_that_end_nothing_are_answered_and_forgotten(
    world: SmsWorld, query: str
) -> None:
    status, body = await get(f"{world.kannel.callback}/dlr?{query}")
    assert (status, body) == (200, "")
    assert world.sink.seen == []


async def test_a_report_is_answered_only_once_it_is_written_down(world: SmsWorld) -> None:
    url = f"{world.kannel.callback}/dlr?id=a1&state=1&at=5"
    world.sink.failing = 1
    assert (await get(url))[0] == 503
    assert (await get(url))[0] == 200
    assert len(world.sink.of(Receipt)) == 1


async def test_an_answer_to_an_inbound_sms_is_empty_or_kannel_would_send_it(
    world: SmsWorld,
) -> None:
    assert await get(f"{world.kannel.callback}/mo?from=33639980001&text=Vol") == (200, "")


async def test_without_the_secret_nothing_comes_in(world: SmsWorld) -> None:
    base = world.kannel.callback.removesuffix("/s3cret")
    for path in ("/mo?from=33639980001&text=faux", "/guess/mo?from=33639980001&text=faux"):
        assert (await get(base + path))[0] == 404
    assert world.sink.seen == []


async def test_an_sms_that_comes_while_we_are_away_comes_later(world: SmsWorld) -> None:
    settings = replace(world.settings, port=int(world.kannel.callback.split(":")[2].split("/")[0]))
    await world.bridge.stop()
    await world.says("pendant l'absence")
    await eventually(lambda: world.standin.refused, "a call that nobody takes")
    again = bridge_of(settings)
    await again.start(world.sink)
    await eventually(lambda: world.sink.of(Message), "the message")
    assert world.sink.of(Message)[0].text == "pendant l'absence"
    await again.stop()


async def test_logs_keep_neither_number_nor_text(
    world: SmsWorld, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        world.sink.failing = 1
        await world.says("secret de polichinelle")
        await eventually(lambda: world.sink.of(Message), "the message")
        await world.bridge.send(Outgoing("k", world.target, "autre secret"))
    assert "secret" not in caplog.text
    assert "639980001" not in caplog.text
