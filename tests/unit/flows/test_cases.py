"""Many reports of one event: one card, and an answer for each of those who reported."""

from dataclasses import replace

import pytest
from support.story import (
    ANNE,
    BIJOUTIERS,
    BRUNO,
    CHLOE,
    DAVID,
    LIFFRE,
    MOREL,
    NADIA,
    PHOTO,
    POSTE,
    POSTE_GROUP,
    Story,
    guichet,
    merchant,
    signature,
)

from appservice.domain.delivery import Kind, State, Urgency
from appservice.domain.ids import ReportId
from appservice.domain.member import Channel, Member
from appservice.domain.report import Cleared, Received, Report, Taken

FIRST = "Un client a payé avec un faux billet de 50 € ce matin"
SECOND = "faux billets chez moi aussi"
CARD = f"card:S1:matrix:{POSTE}"


def report(story: Story, number: int) -> Report:
    return story.store.tables.reports[ReportId(number)]


def cards(story: Story) -> list[str]:
    return [p.key for p in story.parcels(Channel.MATRIX, POSTE, Kind.POST) if "card:" in p.key]


def edits(story: Story, state: State = State.QUEUED) -> list[str]:
    parcels = story.parcels(Channel.MATRIX, POSTE, Kind.EDIT)
    return [p.body for p in parcels if story.store.queue.state_of(p.key) is state]


async def newcomers(story: Story, count: int) -> list[Member]:
    sms = frozenset({Channel.SMS})
    people = [merchant(f"p{n:02d}", LIFFRE, BIJOUTIERS, channels=sms) for n in range(count)]
    async with story.store.transaction() as tx:
        for person in people:
            await tx.members.save(person)
            await tx.signatures.add(signature(person))
    return people


async def test_a_second_report_of_the_event_joins_its_card(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    story.later(minutes=4)
    await story.writes(CHLOE, SECOND, channel=Channel.SMS)
    assert report(story, 2).leader == 1
    assert cards(story) == [CARD]
    (shown,) = edits(story)
    for part in (
        "🔔 S1 — 2 signalements du même fait",
        "Tabac Anne, Tabac Chloe",
        "Où : Liffré",
        "21/11 à 14h00, le dernier à 14h04",
        FIRST,
        f"↳ S2, Tabac Chloe, 14h04 : « {SECOND} »",
        "détache S2",
    ):
        assert part in shown
    assert "S2 est chez les agents. D'autres l'ont signalé" in story.told(CHLOE, Channel.SMS)[0]


async def test_each_reporter_hears_of_each_step_where_they_wrote(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    await story.writes(CHLOE, SECOND, channel=Channel.SMS)
    await story.deliver()
    await story.reacts(MOREL, CARD, "👀")
    assert report(story, 1).stage == report(story, 2).stage == Taken(MOREL.id, story.now)
    assert story.poste()[-1] == "S1 (2 signalements) pris en charge par Morel (gendarmerie)."
    story.later(minutes=2)
    await story.writes(NADIA, "levée S2 fondé", where=POSTE)  # by any of its names
    await story.writes(NADIA, "clos S1", where=POSTE)
    assert [line[:7] for line in story.told(ANNE)[1:]] == ["S1 : pr", "S1 : le", "S1 : cl"]
    told = story.told(CHLOE, Channel.SMS)[1:]
    assert [line[:7] for line in told] == ["S2 : pr", "S2 : le", "S2 : cl"]
    assert [line for line in story.poste() if "pris en charge" in line][-1:] == [
        "S1 (2 signalements) pris en charge par Morel (gendarmerie)."
    ]


async def test_of_edits_that_wait_only_the_newest_leaves(story: Story) -> None:
    people = await newcomers(story, 30)
    for person in people:
        await story.writes(person, SECOND, channel=Channel.SMS)
    assert cards(story) == [CARD]
    (shown,) = edits(story)
    assert "30 signalements" in shown
    assert "et 15 autres" in shown
    assert len(edits(story, State.FAILED)) == 28
    await story.deliver()
    (card,) = story.bridges[Channel.MATRIX].texts(POSTE)
    assert "30 signalements" in card
    on_signal = story.parcels(Channel.SIGNAL, POSTE_GROUP, Kind.EDIT)
    assert [p.body.split(" — ")[1].split()[0] for p in on_signal] == ["2", "3", "5", "10", "20"]


async def test_who_comes_once_somebody_has_it_is_told_so(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    await story.writes(MOREL, "prends S1", where=POSTE)
    story.later(minutes=5)
    await story.writes(DAVID, SECOND)
    assert report(story, 2).stage == Taken(MOREL.id, story.now)
    assert "Un agent s'en charge déjà" in story.told(DAVID)[0]
    await story.writes(MOREL, "levée S1 infondé", where=POSTE)
    assert isinstance(report(story, 2).stage, Cleared)
    await story.writes(CHLOE, SECOND, channel=Channel.SMS)
    assert report(story, 3).leader is None, "what was cleared is over"


@pytest.mark.parametrize(
    ("who", "text", "minutes"),
    [
        (DAVID, "Grosse fumée place de la mairie", 1),  # something else
        (BRUNO, SECOND, 1),  # somewhere else
        (DAVID, SECOND, 11),  # another time
    ],
)
async def test_what_is_not_the_same_has_a_card_of_its_own(
    story: Story, who: Member, text: str, minutes: int
) -> None:
    await story.writes(ANNE, FIRST)
    story.later(minutes=minutes)
    channel = Channel.SIGNAL if who is BRUNO else Channel.MATRIX
    await story.writes(who, text, channel=channel)
    assert report(story, 2).leader is None
    assert len(cards(story)) == 2


async def test_the_window_slides_with_the_last_report(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    for who in (DAVID, CHLOE):
        story.later(minutes=9)
        channel = Channel.SMS if who is CHLOE else Channel.MATRIX
        await story.writes(who, SECOND, channel=channel)
    assert report(story, 3).leader == 1


async def test_an_operator_may_want_a_card_each(story: Story) -> None:
    settings = replace(story.world.settings, same_event_within=story.now - story.now)
    story.inbound.world = replace(story.world, settings=settings)
    await story.writes(ANNE, FIRST)
    await story.writes(DAVID, SECOND)
    assert len(cards(story)) == 2


async def test_a_danger_that_joins_is_shown_at_once(story: Story) -> None:
    await story.writes(ANNE, "Il est armé, vite")
    await story.writes(DAVID, "homme armé devant chez moi, vite")
    assert report(story, 2).leader == 1
    line = next(p for p in story.parcels(Channel.MATRIX, POSTE) if p.body.startswith("🆘 S2"))
    assert line.urgency is Urgency.URGENT
    assert line.kind is Kind.POST
    assert "(même fait que S1)" in line.body
    assert "homme armé devant chez moi" in line.body
    assert story.told(DAVID)[0].startswith("Danger en cours")


async def test_a_photo_that_joins_is_posted_beside_the_card(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    await story.writes(DAVID, SECOND, PHOTO)
    line = next(p for p in story.parcels(Channel.MATRIX, POSTE) if p.blobs)
    assert line.body.startswith("➕ Photo ou vidéo pour S1 : ↳ S2, Tabac David")
    assert "photos ou vidéos : 1" in edits(story)[0]


async def test_an_officer_detaches_one(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    await story.writes(DAVID, SECOND)
    await story.writes(CHLOE, SECOND, channel=Channel.SMS)
    await story.writes(MOREL, "prends S1", where=POSTE)
    await story.writes(MOREL, "détache S2", where=POSTE)
    assert report(story, 2).leader is None
    assert isinstance(report(story, 2).stage, Taken)
    assert cards(story) == [CARD, f"card:S2:matrix:{POSTE}"]
    assert "2 signalements" in edits(story)[-1]
    assert story.poste()[-1] == "S2 n'est plus regroupé avec S1."
    await story.writes(MOREL, "clos S1", where=POSTE)
    assert isinstance(report(story, 2).stage, Taken)
    assert [line for line in story.told(DAVID) if "clos" in line] == []
    await story.writes(MOREL, "détache S2", where=POSTE)
    assert story.told(MOREL)[-1] == "S2 n'est pas regroupé avec un autre."
    assert "report.detach" in story.verbs


async def test_the_last_one_out_leaves_a_plain_card(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    await story.writes(DAVID, SECOND)
    await story.writes(MOREL, "détache S1", where=POSTE)
    assert "dissocie S1" in story.told(MOREL)[-1]
    await story.writes(MOREL, "détache S2", where=POSTE)
    assert edits(story)[-1].startswith("🔔 S1 — signalement\n")


async def test_an_officer_parts_them_all(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    await story.writes(DAVID, SECOND)
    await story.writes(CHLOE, SECOND, channel=Channel.SMS)
    await story.writes(MOREL, "dissocie S3", where=POSTE)
    assert [report(story, n).leader for n in (1, 2, 3)] == [None, None, None]
    assert [report(story, n).stage for n in (1, 2, 3)] == [Received()] * 3
    assert len(cards(story)) == 3
    assert edits(story)[-1].startswith("🔔 S1 — signalement\n")
    assert story.poste()[-1] == "S1 : 3 signalements dissociés, chacun a sa fiche."
    await story.writes(MOREL, "dissocie S1", where=POSTE)
    assert story.told(MOREL)[-1] == "S1 n'est regroupé avec aucun autre."


async def test_everything_is_read_by_officers_and_nothing_by_the_others(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    await story.writes(DAVID, SECOND)
    await story.writes(MOREL, "état S1", where=POSTE)
    assert f"↳ S2, Tabac David, 14h00 : « {SECOND} »" in story.told(MOREL)[-1]
    await story.writes(ANNE, "état S1")
    assert SECOND not in story.told(ANNE)[-1]
    await story.writes(ANNE, "détache S2")
    assert report(story, 2).leader == 1


async def test_an_author_still_edits_their_own(story: Story) -> None:
    await story.writes(ANNE, FIRST)
    key = await story.writes(DAVID, SECOND)
    await story.edits(DAVID, key, "faux billets de 20 €", where=guichet(DAVID.id))
    assert story.poste()[-1] == "✏️ S2, son auteur corrige : « faux billets de 20 € »"
