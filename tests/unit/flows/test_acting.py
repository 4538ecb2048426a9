"""A member at the console does what they could do by writing, once a click."""

import pytest
from support.story import ELISE, EVERYWHERE, MAIRIE, POSTE, Story

from appservice.domain.audience import Audience
from appservice.domain.errors import CharterMissing, InvalidTransition, NotAllowed
from appservice.domain.ids import MemberId
from appservice.flows import alerts
from appservice.flows.step import acting


async def test_an_alert_submitted_from_the_console_answers_in_place(story: Story) -> None:
    async with acting(story.store, story.world, story.clock, MAIRIE.id, "click-1") as step:
        await alerts.submit(step, Audience(EVERYWHERE), "Vol ce matin")
    assert step.answers == ["A1 attend la validation d'une deuxième personne."]
    assert "A1 attend" in story.poste()[0]
    assert story.told(MAIRIE) == []


async def test_a_form_sent_twice_acts_once(story: Story) -> None:
    for _ in range(2):
        try:
            async with acting(story.store, story.world, story.clock, MAIRIE.id, "click") as step:
                await alerts.submit(step, Audience(EVERYWHERE), "Vol ce matin")
        except InvalidTransition as again:
            refused = again
    assert "déjà" in refused.message
    assert len(story.store.tables.alerts) == 1


@pytest.mark.parametrize(
    ("who", "error"), [(ELISE.id, CharterMissing), (MemberId("nobody"), NotAllowed)]
)
async def test_whoever_may_not_take_part_does_nothing(
    story: Story, who: MemberId, error: type[Exception]
) -> None:
    with pytest.raises(error):
        async with acting(story.store, story.world, story.clock, who, "click"):
            pytest.fail("got in")
    assert [p.target for p in story.parcels()] == []
    assert POSTE not in {p.target for p in story.parcels()}
