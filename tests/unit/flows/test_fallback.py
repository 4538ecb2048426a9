"""Signal fails: whoever agreed to it gets an SMS, once, and never both."""

from dataclasses import replace

import pytest
import pytest_asyncio
from support.story import (
    ALERTES_GROUP,
    BRUNO,
    BURALISTES,
    CHLOE,
    DAVID,
    MOREL,
    POSTE,
    REDON,
    Story,
    merchant,
    signature,
)

from appservice.domain.delivery import State
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member
from appservice.domain.telephone.consent import Agreed, Asked, Consent
from appservice.flows.departure.fallback import Fallback
from bridges.protocol import Accepted, Health, Rejected, Throttled, Trouble, Unknown

FACT = "Vol constaté à Liffré"
SIGNAL = frozenset({Channel.SIGNAL})
IVAN = replace(merchant("ivan", REDON, BURALISTES, channels=SIGNAL), sms_fallback=True)
JULIE = merchant("julie", REDON, BURALISTES, channels=SIGNAL)


@pytest_asyncio.fixture
async def watch(story: Story) -> Fallback:
    """Over a town where Ivan agreed to an SMS and Julie did not."""
    async with story.store.transaction() as tx:
        for member in (IVAN, JULIE):
            await tx.members.save(member)
            await tx.signatures.add(signature(member))
        said_yes = Consent(IVAN.id, Agreed(story.now), "OUI")
        assert await tx.telephone.consents.advance(IVAN.phone or "", said_yes, None)
    return Fallback(story.bridges[Channel.SIGNAL], story.store, story.world, story.clock)


def sms(story: Story, who: Member) -> list[str]:
    return story.bridges[Channel.SMS].texts(who.phone or "")


def notes(story: Story, who: Member) -> list[str]:
    return story.bridges[Channel.SIGNAL].texts(who.signal or "")


def group(story: Story) -> list[str]:
    return story.bridges[Channel.SIGNAL].texts(ALERTES_GROUP)


def lines(story: Story, part: str) -> list[str]:
    return [line for line in story.poste() if part in line]


async def falls(story: Story, watch: Fallback) -> None:
    """Signal is down, and has been for longer than anybody waits."""
    story.bridges[Channel.SIGNAL].down = True
    await watch.look()
    story.later(minutes=3)
    await watch.look()


async def publishes(story: Story, what: str = "alerte buralistes") -> None:
    await story.writes(MOREL, f"{what} : {FACT}", where=POSTE)
    await story.deliver()


async def test_an_alert_that_waits_too_long_goes_by_sms(story: Story, watch: Fallback) -> None:
    story.bridges[Channel.SIGNAL].down = True
    await publishes(story)
    story.later(minutes=1)
    await watch.look()
    assert lines(story, "Signal n'a pas pu") == []
    story.later(minutes=1)
    await watch.look()
    await story.deliver()
    assert sms(story, IVAN) == [FACT]
    assert sms(story, JULIE) == []
    assert sms(story, BRUNO) == [FACT], "who has SMS anyway gets one, not two"
    (line,) = lines(story, "Signal n'a pas pu")
    # Bruno and David have SMS besides; Ivan agreed to it; Julie has nothing but Signal.
    assert "3 personnes prévenues par SMS ; 1 personne sans secours SMS attend Signal" in line
    assert "alert.reroute" in story.verbs


async def test_when_signal_is_back_nobody_reads_it_twice(story: Story, watch: Fallback) -> None:
    await falls(story, watch)
    await publishes(story)
    story.later(seconds=20)
    await watch.look()
    story.bridges[Channel.SIGNAL].down = False
    story.later(minutes=1)
    await watch.look()
    await story.deliver()
    assert sms(story, IVAN) == [FACT]
    assert group(story) == notes(story, IVAN) == notes(story, BRUNO) == []
    (note,) = notes(story, JULIE)
    assert FACT in note
    await watch.look()
    await story.deliver()
    assert sms(story, IVAN) == [FACT]


async def test_officers_learn_that_signal_is_down_and_back(story: Story, watch: Fallback) -> None:
    story.bridges[Channel.SIGNAL].down = True
    await watch.look()
    assert lines(story, "Signal ne répond plus") == []
    await falls(story, watch)
    await watch.look()
    (line,) = lines(story, "Signal ne répond plus")
    assert line.startswith("Signal ne répond plus depuis 14h00.")
    story.bridges[Channel.SIGNAL].down = False
    story.later(minutes=7)
    await watch.look()
    await watch.look()
    assert lines(story, "répond de nouveau") == [
        "Signal répond de nouveau (panne du 21/11 à 14h00 à 14h10)."
    ]
    told = [p for p in story.parcels(Channel.SIGNAL) if "Signal" in p.body]
    assert told == [], "not by Signal itself"


async def test_without_sms_officers_learn_it_too_and_everything_waits(
    story: Story, watch: Fallback
) -> None:
    watch.by_sms = False
    await publishes(story)
    await falls(story, watch)
    await watch.look()
    (line,) = lines(story, "Signal ne répond plus")
    assert "SMS" not in line
    assert "maillage signal status" in line
    await story.deliver()
    assert sms(story, IVAN) == []


async def test_a_hiccup_is_not_an_outage(story: Story, watch: Fallback) -> None:
    story.bridges[Channel.SIGNAL].will(Throttled(5))
    await publishes(story)
    story.later(seconds=30)
    await watch.look()
    await story.deliver()
    assert len(group(story)) == 1
    assert sms(story, IVAN) == []


async def test_what_may_have_left_is_never_sent_again(story: Story, watch: Fallback) -> None:
    story.bridges[Channel.SIGNAL].will(Unknown("no_answer"))
    await publishes(story)
    await falls(story, watch)
    await story.deliver()
    assert sms(story, IVAN) == []
    assert len(lines(story, "un envoi par Signal a un sort inconnu")) == 1


async def test_an_old_alert_is_not_sent_round(story: Story, watch: Fallback) -> None:
    story.bridges[Channel.SIGNAL].down = True
    await publishes(story)
    story.later(minutes=30)
    await watch.look()
    await story.deliver()
    assert sms(story, IVAN) == []
    story.bridges[Channel.SIGNAL].down = False
    story.later(minutes=1)
    await story.deliver()
    assert len(group(story)) == 1


async def test_in_safe_mode_alerts_wait(story: Story, watch: Fallback) -> None:
    story.bridges[Channel.SIGNAL].down = True
    await publishes(story)
    suspended = replace(story.world.settings, suspended=True)
    watch.world = replace(story.world, settings=suspended)
    story.later(minutes=5)
    await watch.look()
    assert lines(story, "Signal n'a pas pu") == []


async def test_whoever_said_stop_gets_no_sms(story: Story, watch: Fallback) -> None:
    await story.writes(IVAN, "STOP", channel=Channel.SMS)
    await falls(story, watch)
    await publishes(story)
    story.later(minutes=3)
    await watch.look()
    await story.deliver()
    assert FACT not in sms(story, IVAN)


async def test_whoever_has_not_said_yes_waits_for_signal(story: Story, watch: Fallback) -> None:
    story.store.tables.consents[IVAN.phone or ""] = Consent(IVAN.id, Asked(story.now))
    await falls(story, watch)
    await publishes(story)
    story.later(minutes=3)
    await watch.look()
    story.bridges[Channel.SIGNAL].down = False
    story.later(minutes=1)
    await story.deliver()
    assert sms(story, IVAN) == []
    assert len(notes(story, IVAN)) == 1


async def test_who_answers_yes_keeps_signal_first(story: Story, watch: Fallback) -> None:
    story.store.tables.consents[IVAN.phone or ""] = Consent(IVAN.id, Asked(story.now))
    await story.writes(IVAN, "OUI", channel=Channel.SMS)
    assert story.store.tables.members[IVAN.id] == IVAN
    await publishes(story)
    assert FACT not in sms(story, IVAN)
    assert len(group(story)) == 1


async def test_at_night_signal_may_be_back_before_a_text_could_leave(
    story: Story, watch: Fallback
) -> None:
    story.bridges[Channel.SIGNAL].down = True
    story.later(hours=9)
    await publishes(story)
    story.later(minutes=3)
    await watch.look()
    assert lines(story, "Signal n'a pas pu") == []
    story.bridges[Channel.SIGNAL].down = False
    await story.deliver()
    assert len(group(story)) == 1


async def test_whoever_lost_their_charter_gets_nothing(story: Story, watch: Fallback) -> None:
    await falls(story, watch)
    await publishes(story)
    async with story.store.transaction() as tx:
        await tx.signatures.revoke(MemberId("ivan"), story.now)
    story.later(minutes=3)
    await watch.look()
    await story.deliver()
    assert sms(story, IVAN) == []


async def test_a_correction_follows_each_where_they_read_it(story: Story, watch: Fallback) -> None:
    await falls(story, watch)
    await publishes(story)
    story.later(seconds=20)
    await watch.look()
    await story.deliver()
    story.bridges[Channel.SIGNAL].down = False
    await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
    story.later(minutes=1)
    await story.deliver()
    assert sms(story, IVAN) == [FACT, "ANNULE ET REMPLACE : Vol constaté à Redon"]
    assert group(story) == notes(story, IVAN) == []
    (note,) = notes(story, JULIE)
    assert "Vol constaté à Redon" in note


async def test_a_correction_made_meanwhile_is_what_is_sent(story: Story, watch: Fallback) -> None:
    story.bridges[Channel.SIGNAL].down = True
    await publishes(story)
    await story.writes(MOREL, "corrige A1 : Vol constaté à Redon", where=POSTE)
    await story.deliver()
    story.later(minutes=3)
    await watch.look()
    story.bridges[Channel.SIGNAL].down = False
    story.later(minutes=1)
    await story.deliver()
    assert sms(story, IVAN) == ["Vol constaté à Redon"]
    assert group(story) == []
    assert [("Redon" in note) for note in notes(story, JULIE)] == [True]


async def test_a_cancelled_alert_is_not_sent_round(story: Story, watch: Fallback) -> None:
    story.bridges[Channel.SIGNAL].down = True
    await publishes(story)
    await story.writes(MOREL, "annule A1", where=POSTE)
    story.later(minutes=3)
    await watch.look()
    await story.deliver()
    assert sms(story, IVAN) == []


async def test_a_cancellation_reaches_those_who_were_sent_round(
    story: Story, watch: Fallback
) -> None:
    await falls(story, watch)
    await publishes(story)
    story.later(seconds=20)
    await watch.look()
    await story.deliver()
    await story.writes(MOREL, "annule A1", where=POSTE)
    await story.deliver()
    assert "ANNULATION" in sms(story, IVAN)[-1]


@pytest.mark.parametrize("to_group", [True, False])
async def test_whom_signal_refuses_gets_an_sms_at_once(
    story: Story, watch: Fallback, to_group: bool
) -> None:
    worker = story.delivery(Channel.SIGNAL, watch.refused)
    if to_group:
        story.bridges[Channel.SIGNAL].will(Accepted("7", failed=(IVAN.signal or "",)))
        await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
    else:
        story.bridges[Channel.SIGNAL].will(*[Rejected("unregistered")] * 3)
        await story.writes(MOREL, f"alerte buralistes Redon : {FACT}", where=POSTE)
    await worker.deliver_once()
    await story.deliver()
    assert sms(story, IVAN) == [FACT]
    assert sms(story, JULIE) == []
    assert len(lines(story, "refusée par Signal, 1 personne prévenue par SMS")) == 1


async def test_a_bridge_that_breaks_is_down(story: Story, watch: Fallback) -> None:
    class Broken:
        async def health(self) -> Health:
            raise OSError

    watch.bridge = Broken()  # type: ignore[assignment] # nothing else of it is asked
    await watch.look()
    story.later(minutes=3)
    await watch.look()
    assert len(lines(story, "Signal ne répond plus")) == 1


async def test_the_record_counts_each_person_where_they_were_reached(
    story: Story, watch: Fallback
) -> None:
    await falls(story, watch)
    await publishes(story)
    story.later(seconds=20)
    await watch.look()
    story.bridges[Channel.SIGNAL].down = False
    story.later(minutes=1)
    await story.deliver()
    async with story.store.transaction() as tx:
        (alert,) = await tx.alerts.recent(story.now.replace(hour=0))
        tally = await tx.outbox.tally(alert.id)
    assert tally.counts[Channel.SIGNAL, State.ACCEPTED] == 1  # Julie
    assert tally.counts[Channel.SMS, State.ACCEPTED] == 3  # Bruno, David, Ivan
    assert State.FAILED not in {state for _, state in tally.counts}
    assert sms(story, DAVID) == [FACT]
    assert sms(story, CHLOE) == []


async def test_one_telephone_to_recognise_is_no_outage(story: Story, watch: Fallback) -> None:
    signal = story.bridges[Channel.SIGNAL]
    signal.troubles = (Trouble("untrusted_identity", JULIE.signal or ""),)
    await watch.look()
    story.later(minutes=3)
    await watch.look()
    assert lines(story, "Signal ne répond plus") == []
    await publishes(story)
    story.later(minutes=1)
    await watch.look()
    assert sms(story, IVAN) == [], "Signal brought it"
