"""What `maillage bench signal` measures, once each, on the town that is there."""

import json
from itertools import count

import pytest
from support.json_rpc import Wire
from support.signal_rig.bench import OFFICER, Crowd, sends
from support.signal_rig.rig import SERVICE
from support.town import Town

pytestmark = [pytest.mark.e2e, pytest.mark.signal_real, pytest.mark.timeout(400)]


async def test_both_ways_are_measured_against_the_bare_call(
    rig_town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    town, rig = rig_town, rig_town.stage.rig
    fabre = town.stage.signal.world.phone(town.cast.aci("fabre"))
    assert OFFICER.key in town.cast.elements
    crowd = Crowd(town, "bijoutiers", [fabre], count())
    assert await crowd.out(None) > 0
    assert await crowd.out(rig) > 0
    wire = await Wire.open(rig.bridge.port)
    await wire.call("subscribeReceive", account=SERVICE)
    ours, bare = await crowd.back(wire)
    await wire.close()
    assert ours > 0
    assert bare > 0
    await sends(rig, fabre, 1)
    row = json.loads(capsys.readouterr().out)
    assert row.keys() == {"size", "ours", "floor", "n", "unit", "parts"}
    assert row["n"] == 1
