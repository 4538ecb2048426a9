"""The stand-in of signal-cli speaks as the real one was recorded."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from support.bridge_worlds import SERVICE, eventually, ticking
from support.signal_shapes import SHAPES, differences

from appservice.demo.standins.signal_cli import SignalCliStandIn
from bridges.protocol import Attachment

NOWHERE = "XZbeRAJBevOzzguh1Hk+E9uxm1cuepEPYShUtU/EzUQ="


class Raw:
    """A client that understands nothing: lines out, lines in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.answers: dict[str, Any] = {}
        self.events: list[Any] = []
        self._task = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            said = json.loads(line)
            if said.get("method"):
                self.events.append(said["params"])
            else:
                self.answers[said["id"]] = said

    async def call(self, method: str, **params: object) -> Any:
        call_id = str(len(self.answers) + 1)
        params["account"] = SERVICE
        request = {"jsonrpc": "2.0", "id": call_id, "method": method, "params": params}
        self._writer.write(json.dumps(request).encode() + b"\n")
        await eventually(lambda: call_id in self.answers, method)
        answer = self.answers[call_id]
        return answer["result"] if "result" in answer else answer["error"]

    async def event(self, found: Callable[[Any], bool]) -> Any:
        await eventually(lambda: any(found(event) for event in self.events), "the event")
        return next(event for event in self.events if found(event))

    async def close(self) -> None:
        self._writer.close()
        await self._task


class Rig:
    """The stand-in, a raw client, two people and a group."""

    standin: SignalCliStandIn
    raw: Raw
    paul: str
    kim: str
    group: str


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    rig.standin = SignalCliStandIn(SERVICE, ticking())
    await rig.standin.start()
    rig.raw = Raw(*await asyncio.open_connection("127.0.0.1", rig.standin.port))
    rig.paul = rig.standin.world.person("+33639981001", "Paul")
    rig.kim = rig.standin.world.person("+33639981003", "Kim")
    made = await rig.raw.call("updateGroup", name="Buralistes", member=[rig.paul])
    rig.group = made["groupId"]
    yield rig
    await rig.raw.close()
    await rig.standin.stop()


def same(name: str, ours: object) -> None:
    assert differences(SHAPES[name], ours) == []


async def test_answers_to_sends(rig: Rig) -> None:
    same("send", await rig.raw.call("send", recipient=[rig.paul], message="Vol"))
    same("send to a group", await rig.raw.call("send", groupId=rig.group, message="Vol"))
    same("send nothing", await rig.raw.call("send", recipient=[rig.paul]))
    same("send to a group that is not", await rig.raw.call("send", groupId=NOWHERE, message="x"))
    alone = await rig.raw.call("updateGroup", name="Vide")
    same(
        "send to a group alone",
        await rig.raw.call("send", groupId=alone["groupId"], message="seul"),
    )


async def test_answers_to_other_calls_on_messages(rig: Rig) -> None:
    sent = await rig.raw.call("send", recipient=[rig.paul], message="Vol")
    target = sent["timestamp"]
    for method, more in (
        ("remoteDelete", {"targetTimestamp": target}),
        ("sendReaction", {"emoji": "👍", "targetAuthor": SERVICE, "targetTimestamp": target}),
        ("sendReceipt", {"targetTimestamp": [target]}),
    ):
        same("send", await rig.raw.call(method, recipient=[rig.paul], **more))


@pytest.mark.parametrize(
    ("fault", "value", "name"),
    [
        ("rate_limit", 428, "send when a challenge is asked"),
        ("rate_limit", 429, "send too fast"),
        ("network_down", True, "send while Signal is out of reach"),
    ],
)
async def test_answers_when_signal_refuses(rig: Rig, fault: str, value: object, name: str) -> None:
    setattr(rig.standin.faults, fault, value)
    refused = await rig.raw.call("send", recipient=[rig.paul], message="Vol")
    same(name, refused)
    assert (refused["code"], refused["message"]) == (
        SHAPES[name]["code"],
        SHAPES[name]["message"],
    )


async def test_answers_about_people_who_are_not_there(rig: Rig) -> None:
    refused = await rig.raw.call("send", recipient=["+33639982345"], message="x")
    same("send to an unregistered number", refused)
    same(
        "add somebody unregistered",
        await rig.raw.call("updateGroup", groupId=rig.group, member=["+33639989999"]),
    )


async def test_answers_about_groups(rig: Rig) -> None:
    same("make a group", await rig.raw.call("updateGroup", name="Tabacs", member=[rig.paul]))
    changed = await rig.raw.call(
        "updateGroup", groupId=rig.group, link="enabled-with-approval", description="x"
    )
    same("change a group", changed)
    (group,) = await rig.raw.call("listGroups", groupId=[rig.group])
    rig.standin.world.ask_to_join(rig.kim, group["groupInviteLink"])
    (group,) = groups = await rig.raw.call("listGroups", groupId=[rig.group])
    same("listGroups", groups)
    assert [one["uuid"] for one in group["requestingMembers"]] == [rig.kim]


async def test_events(rig: Rig) -> None:
    world, raw = rig.standin.world, rig.raw
    subscription = await raw.call("subscribeReceive")
    same("subscribeReceive", subscription)
    at = world.say(rig.paul, "Vol à l'étalage")
    world.say(rig.paul, "photo", attachment=Attachment("image/png", b"x" * 108, "p.png"))
    world.say(rig.paul, "bonjour le groupe", group=rig.group)
    world.say(rig.paul, "bien reçu", replies_to=(rig.paul, at))
    world.react(rig.paul, "👍", rig.paul, at)
    world.edit(rig.paul, at, "Vol constaté")
    world.take_back(rig.paul, at)
    await raw.call("send", recipient=[rig.paul], message="Vol")
    await raw.event(lambda event: "receiptMessage" in event["result"]["envelope"])
    same("event: message", raw.events[0])
    names = ("message with a photo", "message in a group", "quote", "reaction", "edit", "deletion")
    contents = [_content(event) for event in raw.events[1:]]
    for name, content in zip((*names, "receipt"), contents, strict=True):
        same(f"event: {name}", content)


async def test_a_message_that_signal_cli_cannot_read(rig: Rig) -> None:
    rig.standin.world.say_unreadably(rig.paul)
    await rig.raw.call("subscribeReceive")
    same("event: unreadable", await rig.raw.event(lambda event: True))


async def test_an_attachment_comes_back_whole(rig: Rig) -> None:
    await rig.raw.call("subscribeReceive")
    rig.standin.world.say(rig.paul, "", attachment=Attachment("image/png", b"xxx", "p.png"))
    event = await rig.raw.event(lambda event: True)
    (described,) = event["result"]["envelope"]["dataMessage"]["attachments"]
    answer = await rig.raw.call("getAttachment", id=described["id"], recipient=rig.paul)
    assert answer == SHAPES["getAttachment"] | {"data": "eHh4"}


def _content(event: Any) -> dict[str, Any]:
    envelope = event["result"]["envelope"]
    return {key: value for key, value in envelope.items() if key.endswith("Message")}
