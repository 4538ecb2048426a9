"""What `maillage bench signal` measures, once each, on the town that is there."""

import json
from itertools import count

import pytest
from support.json_rpc import Wire
from support.signal_rig.bench import PEAK, WRITER, backlog, rates, sends
from support.signal_rig.crowd import OFFICER, Crowd
from support.signal_rig.rig import SERVICE
from support.town import Town

pytestmark = [pytest.mark.e2e, pytest.mark.signal_real, pytest.mark.timeout(400)]


async def test_both_ways_are_measured_against_the_bare_call(
    rig_town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    town, rig = rig_town, rig_town.stage.rig
    fabre = town.stage.signal.world.phone(town.cast.aci("fabre"))
    assert OFFICER.key in town.cast.elements
    wire = await Wire.open(rig.bridge.port)
    await wire.call("subscribeReceive", account=SERVICE)
    crowd = Crowd(town, "bijoutiers", [fabre], wire, count())
    assert await crowd.out() > 0
    send, both = await crowd.bare_out()
    assert send > 0
    assert both > 0
    ours, event = await crowd.back()
    assert ours > event > 0
    assert await crowd.bare_back() > 0
    await wire.close()
    await sends(rig, fabre, 1)
    await rates(rig, fabre, 2)
    await rig.say("person", name=WRITER)
    await backlog(town, 20, 1.0)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["unit"] for row in rows] == ["ms", "messages/s", "messages/s"]
    for row in rows:
        assert row.keys() == {"size", "ours", "floor", "n", "unit", "parts"}
        assert row["ours"] > 0
        assert row["n"] == 1
    assert rows[-1]["parts"].keys() == {PEAK}


async def test_the_others_phones_are_off_while_one_is_measured_and_read_afterwards(
    rig_town: Town,
) -> None:
    town, rig = rig_town, rig_town.stage.rig
    fabre, paul = town.stage.signal.world.phone(town.cast.aci("fabre")), await rig.friend("Paul")
    crowd = Crowd(town, "bijoutiers", [fabre, paul], rig.bridge.wire, count())
    async with crowd.alone():
        await fabre.says("pendant la mesure", paul.aci)
        heard = len(paul.envelopes)
    await paul.sees(lambda note: note.text == "pendant la mesure")
    assert len(paul.envelopes) > heard
