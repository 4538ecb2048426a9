"""The service dies at each boundary of each story; nothing is lost, nothing is doubled."""

import pytest
from support.fault_stage import Town

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ALERT = (
    "before transaction",
    "after journal matrix",
    "after reading m.room.encrypted",
    "judged publish",
    "after queueing matrix alert",
    "before commit alert.publish",
    "after commit alert.publish",
    "before entry done",
    "claimed matrix alert",
    "before settling matrix alert",
    "claimed signal alert",
    "before settling signal alert",
    "claimed sms alert",
    "before settling sms alert",
    "before receipt sms",
    "after receipt signal",
)


@pytest.mark.parametrize("point", ALERT)
async def test_an_alert_reaches_each_person_once_or_an_officer_is_told(
    town: Town, point: str
) -> None:
    town.stage.order(point)
    text = await town.publishes()
    await town.stage.dies_at(point)
    await town.comes_back()
    await town.each_has_it_or_an_officer_knows(text)
