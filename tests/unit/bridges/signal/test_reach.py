"""What an answer about our devices says of Signal, and of our account."""

from collections.abc import Mapping

import pytest

from bridges.signal.errors import (
    ACCOUNT_GONE,
    OUT_OF_REACH,
    CallRefused,
    NoAnswer,
    NotSent,
    Reading,
)
from bridges.signal.reach import Reach


class Client:
    """Answers every question alike, and counts them."""

    def __init__(self, answer: object = ()) -> None:
        self.answer = answer
        self.asked = 0

    async def call(self, method: str, params: Mapping[str, object], seconds: float) -> object:
        assert (method, params) == ("listDevices", {})
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def reach(client: Client) -> Reach:
    return Reach(client, None)  # type: ignore[arg-type] # the one verb that is used


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        ([{"id": 1, "lastSeenTimestamp": 0}], None),
        (CallRefused(-3, "Failed to get linked devices: Connection refused"), OUT_OF_REACH),
        (NoAnswer("listDevices"), OUT_OF_REACH),
        (CallRefused(-3, "… devices: [403] Authorization failed!"), ACCOUNT_GONE),
        (CallRefused(-32602, "Specified account does not exist"), ACCOUNT_GONE),
        # Signal answered, if not what signal-cli hoped for: what we say may still pass.
        (CallRefused(-3, "… devices: [503] Bad response: 503"), None),
        (CallRefused(-3, "… devices: StatusCode: 429"), None),
        (CallRefused(-32601, "Method not implemented"), None),
        ({"odd": True}, None),
    ],
)
async def test_what_keeps_us_from_signal(answer: object, reading: Reading | None) -> None:
    assert await reach(Client(answer)).ask(0) == reading


async def test_an_answer_holds_for_a_while_and_until_something_fails() -> None:
    client = Client()
    asking = reach(client)
    for _ in range(3):
        assert await asking.ask(3600) is None
    assert client.asked == 1
    asking.doubted()
    await asking.ask(3600)
    assert client.asked == 2
    asking.doubted()
    asking.proved()
    await asking.ask(3600)
    assert client.asked == 2


async def test_an_outage_is_asked_about_each_time() -> None:
    client = Client(NoAnswer("listDevices"))
    asking = reach(client)
    assert [await asking.ask(3600) for _ in range(2)] == [OUT_OF_REACH] * 2
    assert client.asked == 2


async def test_signal_cli_down_is_another_matter() -> None:
    with pytest.raises(NotSent):
        await reach(Client(NotSent("not connected"))).ask(0)
