"""The stand-in speaks as signal-cli was recorded, and signal-cli still speaks so."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from support.bridge_worlds import SERVICE
from support.signal_shapes import SHAPES, differences
from support.signal_stages import RealStage, SignalStage, StandInStage, content, photo, said

NOWHERE = "XZbeRAJBevOzzguh1Hk+E9uxm1cuepEPYShUtU/EzUQ="


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.signal_real)])
def built(request: pytest.FixtureRequest) -> SignalStage:
    if request.param == "real":
        return RealStage(request.getfixturevalue("signal_rig"))
    return StandInStage()


@pytest_asyncio.fixture
async def stage(built: SignalStage) -> AsyncIterator[SignalStage]:
    await built.start()
    yield built
    await built.stop()


def same(name: str, ours: object) -> None:
    assert differences(SHAPES[name], ours) == []


async def ask(stage: SignalStage, method: str, **params: object) -> Any:
    return await stage.wire.answer(method, account=SERVICE, **params)


async def group_of(stage: SignalStage) -> str:
    made = await ask(stage, "updateGroup", name="Buralistes", member=[stage.paul])
    return str(made["groupId"])


async def test_answers_to_sends(stage: SignalStage) -> None:
    group = await group_of(stage)
    same("send", await ask(stage, "send", recipient=[stage.paul], message="Vol"))
    same("send to a group", await ask(stage, "send", groupId=group, message="Vol"))
    same("send nothing", await ask(stage, "send", recipient=[stage.paul]))
    same("send to a group that is not", await ask(stage, "send", groupId=NOWHERE, message="x"))
    alone = await ask(stage, "updateGroup", name="Vide")
    same(
        "send to a group alone", await ask(stage, "send", groupId=alone["groupId"], message="seul")
    )


async def test_answers_to_other_calls_on_messages(stage: SignalStage) -> None:
    target = (await ask(stage, "send", recipient=[stage.paul], message="Vol"))["timestamp"]
    for method, more in (
        ("remoteDelete", {"targetTimestamp": target}),
        ("sendReaction", {"emoji": "👍", "targetAuthor": SERVICE, "targetTimestamp": target}),
    ):
        same("send", await ask(stage, method, recipient=[stage.paul], **more))


@pytest.mark.parametrize(
    ("status", "name"), [(428, "send when a challenge is asked"), (429, "send too fast")]
)
async def test_answers_when_signal_refuses(stage: SignalStage, status: int, name: str) -> None:
    await stage.limit(status)
    refused = await ask(stage, "send", recipient=[stage.paul], message="Vol")
    same(name, refused)
    assert (refused["code"], refused["message"]) == (SHAPES[name]["code"], SHAPES[name]["message"])


async def test_the_answer_when_signal_is_out_of_reach() -> None:
    stage = StandInStage()
    await stage.start()
    stage.standin.faults.network_down = True
    refused = await ask(stage, "send", recipient=[stage.paul], message="Vol")
    same("send while Signal is out of reach", refused)
    await stage.stop()


async def test_answers_about_people_who_are_not_there(stage: SignalStage) -> None:
    refused = await ask(stage, "send", recipient=["+33639982345"], message="x")
    same("send to an unregistered number", refused)
    group = await group_of(stage)
    added = await ask(stage, "updateGroup", groupId=group, member=["+33639989999"])
    same("add somebody unregistered", added)


async def test_answers_about_groups(stage: SignalStage) -> None:
    group = await group_of(stage)
    same("make a group", await ask(stage, "updateGroup", name="Tabacs", member=[stage.paul]))
    wish = {"link": "enabled-with-approval", "description": "x"}
    same("change a group", await ask(stage, "updateGroup", groupId=group, **wish))
    (found,) = await ask(stage, "listGroups", groupId=[group])
    await stage.ask_to_join(found["groupInviteLink"])
    # As the bridge does: signal-cli tells nobody of a request.
    (found,) = groups = await ask(stage, "listGroups", groupId=[group])
    same("listGroups", groups)
    assert [one["uuid"] for one in found["requestingMembers"]] == [stage.kim]


async def test_events(stage: SignalStage) -> None:
    group = await group_of(stage)
    if isinstance(stage, StandInStage):
        same("subscribeReceive", await ask(stage, "subscribeReceive"))
    at = await stage.say("Vol à l'étalage")
    await stage.say("photo", photo=photo())
    await stage.say("bonjour le groupe", group=group)
    await stage.say("bien reçu", quote=at)
    for change in ("reaction", "edit", "deletion"):
        await stage.change(change, at)
    await ask(stage, "send", recipient=[stage.paul], message="Vol")

    async def event(text: str) -> Any:
        return await stage.wire.event(lambda event: said(event, text, stage.paul))

    async def holding(part: str, inner: str) -> Any:
        return await stage.wire.event(lambda event: (content(event).get(part) or {}).get(inner))

    same("event: message", await event("Vol à l'étalage"))
    same("event: message with a photo", content(await event("photo")))
    same("event: message in a group", content(await event("bonjour le groupe")))
    same("event: quote", content(await event("bien reçu")))
    same("event: reaction", content(await holding("dataMessage", "reaction")))
    same("event: edit", content(await holding("editMessage", "dataMessage")))
    same("event: deletion", content(await holding("dataMessage", "remoteDelete")))
    same("event: receipt", content(await holding("receiptMessage", "isDelivery")))


async def test_an_attachment_comes_back_whole(stage: SignalStage) -> None:
    if isinstance(stage, StandInStage):
        await ask(stage, "subscribeReceive")
    sent = photo(5000)
    await stage.say("voici", photo=sent)
    event = await stage.wire.event(lambda event: said(event, "voici", stage.paul))
    (described,) = content(event)["dataMessage"]["attachments"]
    answer = await ask(stage, "getAttachment", id=described["id"], recipient=stage.paul)
    assert answer.keys() == SHAPES["getAttachment"].keys()
    assert base64.b64decode(answer["data"]) == sent.data


async def test_a_message_that_signal_cli_cannot_read() -> None:
    stage = StandInStage()
    await stage.start()
    stage.standin.world.say_unreadably(stage.paul)
    await ask(stage, "subscribeReceive")
    same("event: unreadable", await stage.wire.event(lambda event: True))
    await stage.stop()
