"""At night a text waits unless an officer says that it is urgent; nobody is left guessing."""

from dataclasses import replace

import pytest
from support.story import BRUNO, CHLOE, DAVID, MOREL, POSTE, TERRITORY, Story

from appservice.domain.delivery import State, Urgency
from appservice.domain.member import Channel
from appservice.domain.telephone.rules import TextRules

FACT = "Vol constaté à Liffré"


@pytest.fixture
def night(story: Story) -> Story:
    story.later(hours=9)  # 23 h in Paris
    return story


def texts(story: Story, who=CHLOE) -> list[str]:
    return story.bridges[Channel.SMS].texts(who.phone or "")


def codes(story: Story, verb: str) -> tuple[str, ...]:
    return next(act.codes for act in story.store.acts if act.verb == verb)


async def publish(story: Story, order: str = "alerte tous") -> None:
    await story.writes(MOREL, f"{order} : {FACT}", where=POSTE)
    await story.deliver()


async def test_an_alert_waits_and_the_officer_is_told_how_to_send_it(night: Story) -> None:
    await publish(night)
    assert texts(night) == []
    assert night.bridges[Channel.MATRIX].texts("!alertes-buralistes") != []
    line = next(text for text in night.poste() if "publiée" in text)
    assert "Heures calmes jusqu'à 07h00" in line
    assert "« urgent A1 »" in line
    assert codes(night, "alert.publish") == ("texts-deferred",)
    await night.writes(MOREL, "état A1", where=POSTE)
    assert "3 différés" in night.told(MOREL)[-1] + night.poste()[-1]


async def test_an_alert_that_is_stale_by_the_morning_is_never_sent(night: Story) -> None:
    await publish(night)
    night.later(hours=8)
    await night.deliver()
    assert texts(night) == []
    states = {slip.state for slip in night.store.tables.slips.values() if slip.parcel.alert}
    assert State.EXPIRED in states


async def test_an_alert_just_before_the_morning_leaves_in_the_morning(night: Story) -> None:
    night.later(hours=7, minutes=45)
    await publish(night)
    assert texts(night) == []
    night.later(minutes=16)
    await night.deliver()
    assert FACT in texts(night)[0]


@pytest.mark.parametrize("order", ["alerte urgente tous", "Alerte urgente", "alerte urgent tous"])
async def test_an_urgent_alert_passes_and_the_audit_says_why(night: Story, order: str) -> None:
    await publish(night, order)
    assert FACT in texts(night)[0]
    assert {slip.urgency for slip in night.store.tables.slips.values() if slip.parcel.alert} == {
        Urgency.URGENT
    }
    assert codes(night, "alert.publish") == ("urgent", "quiet-hours-passed")
    assert "malgré les heures calmes" in next(t for t in night.poste() if "publiée" in t)


async def test_an_alert_becomes_urgent_once(night: Story) -> None:
    await publish(night)
    await night.writes(MOREL, "urgent A1", where=POSTE)
    await night.deliver()
    for who in (BRUNO, CHLOE, DAVID):
        assert FACT in texts(night, who)[0]
    assert codes(night, "alert.hasten") == ("urgent", "quiet-hours-passed")
    assert any("3 SMS partent maintenant" in text for text in night.poste())
    await night.writes(MOREL, "urgent A1", where=POSTE)
    assert "déjà urgente" in night.told(MOREL)[-1]


async def test_only_what_is_published_can_be_hastened(night: Story) -> None:
    await publish(night)
    await night.writes(MOREL, "annule A1", where=POSTE)
    await night.writes(MOREL, "urgent A1", where=POSTE)
    assert "n'est pas en diffusion" in night.told(MOREL)[-1]
    await night.writes(CHLOE, "urgent A1", channel=Channel.SMS)
    assert "alert.hasten" not in [act.verb for act in night.store.acts]


async def test_a_correction_at_night_reaches_in_the_morning_who_saw_the_first_text(
    story: Story,
) -> None:
    await publish(story)
    story.later(hours=9)
    await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
    await story.deliver()
    assert len(texts(story)) == 1
    story.later(hours=8)
    await story.deliver()
    assert texts(story)[1:] == ["ANNULE ET REMPLACE : Vol constaté à Redon"]


async def test_nobody_is_told_that_a_text_they_never_saw_is_cancelled(night: Story) -> None:
    await publish(night)
    await night.writes(MOREL, "annule A1", where=POSTE)
    night.later(hours=8)
    await night.deliver()
    assert texts(night) == []


async def test_who_writes_at_night_is_answered_at_night(night: Story) -> None:
    await night.writes(CHLOE, "Vitrine brisée ce matin, rue de Rennes", channel=Channel.SMS)
    await night.deliver()
    assert "votre signalement S1" in texts(night)[0]
    await night.writes(MOREL, "prends S1", where=POSTE)
    await night.deliver()
    assert len(texts(night)) == 1  # may wait
    night.later(hours=8)
    await night.deliver()
    assert "pris en charge" in texts(night)[1]


async def test_a_territory_may_have_no_quiet_hours(night: Story) -> None:
    loud = replace(TERRITORY, texts=TextRules(quiet=None))
    night.world = night.inbound.world = replace(night.world, territories={loud.id: loud})
    await publish(night)
    assert FACT in texts(night)[0]


async def test_an_operator_may_switch_them_off(night: Story) -> None:
    settings = replace(night.world.settings, quiet_hours=False)
    night.world = night.inbound.world = replace(night.world, settings=settings)
    await publish(night)
    assert FACT in texts(night)[0]
