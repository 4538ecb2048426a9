"""A report: from a merchant to the officers, taken, cleared, closed, and the merchant told."""

import asyncio
from dataclasses import replace

import pytest
from support.story import (
    ALERTES_GROUP,
    ANNE,
    BRUNO,
    CHLOE,
    ELISE,
    MAIRIE,
    MOREL,
    NADIA,
    PHOTO,
    POSTE,
    POSTE_GROUP,
    VIDEO,
    VOICE,
    Story,
)

from appservice.domain.delivery import Urgency
from appservice.domain.ids import ReportId
from appservice.domain.member import Channel
from appservice.domain.report import Cleared, Closed, Received, Report, Taken, Unfit
from bridges.protocol import Attachment

FACT = "Un client a payé avec un faux billet de 50 € ce matin"
CARD = f"card:S1:matrix:{POSTE}"


def report(story: Story, number: int = 1) -> Report:
    return story.store.tables.reports[ReportId(number)]


async def test_S2_17_each_step_is_told_to_the_merchant(story: Story) -> None:
    await story.writes(ANNE, FACT)
    assert isinstance(report(story).stage, Received)
    assert story.told(ANNE)[0].startswith("Reçu : votre signalement S1")
    start = story.now
    story.later(minutes=2)
    await story.writes(MOREL, "prends S1", where=POSTE)
    assert report(story).stage == Taken(by=MOREL.id, at=story.now)
    story.later(minutes=3)
    taken = story.now
    await story.writes(MOREL, "levée S1 fondé", where=POSTE)
    story.later(minutes=4)
    await story.writes(NADIA, "clos S1", where=POSTE)
    assert report(story).received_at == start
    closed = report(story).stage
    assert isinstance(closed, Closed)
    assert closed.by == NADIA.id
    assert closed.taken_at is not None
    assert closed.taken_at < taken
    assert closed.cleared_at == taken
    assert closed.founded is True
    assert [line.split(" : ")[1].split(",")[0] for line in story.told(ANNE)[1:]] == [
        "pris en charge par un agent.",
        "levée de doute",
        "clos. Merci de votre signalement. Votre avis",
    ]
    assert story.verbs == ["report.open", "report.take", "report.clear", "report.close"]


async def test_the_card_says_who_where_what_when_to_the_officers_only(story: Story) -> None:
    await story.writes(BRUNO, FACT, channel=Channel.SIGNAL)
    (card,) = story.poste()
    for part in (
        "S1",
        "Tabac Bruno (Buralistes)",
        "Redon",
        "21/11 à 14h00, par Signal",
        FACT,
        "👀",
    ):
        assert part in card
    assert BRUNO.phone not in card
    assert {p.target for p in story.parcels() if FACT in p.body} == {POSTE, POSTE_GROUP}


async def test_a_card_is_answered_by_emoji(story: Story) -> None:
    await story.writes(ANNE, FACT)
    await story.deliver()
    await story.reacts(MOREL, CARD, "👀")
    assert isinstance(report(story).stage, Taken)
    await story.reacts(NADIA, f"card:S1:signal:{POSTE_GROUP}", "❌", POSTE_GROUP, Channel.SIGNAL)
    cleared = report(story).stage
    assert isinstance(cleared, Cleared)
    assert not cleared.founded
    await story.reacts(MOREL, CARD, "🏁")
    assert isinstance(report(story).stage, Closed)


async def test_other_emoji_and_other_messages_do_nothing(story: Story) -> None:
    await story.writes(ANNE, FACT)
    await story.deliver()
    await story.reacts(MOREL, CARD, "❤️")
    await story.reacts(MOREL, "tell:matrix:$event1:1", "👀")
    await story.reacts(MOREL, CARD, "👀", removed=True)
    assert isinstance(report(story).stage, Received)


async def test_the_first_officer_has_it_and_the_other_is_told(story: Story) -> None:
    await story.writes(ANNE, FACT)
    await asyncio.gather(
        story.writes(MOREL, "prends S1", where=POSTE),
        story.writes(NADIA, "prends S1", where=POSTE),
    )
    assert report(story).stage == Taken(by=MOREL.id, at=story.now)
    assert story.told(NADIA) == ["S1 est déjà pris en charge."]
    assert "S1 pris en charge par Morel (gendarmerie)." in story.poste()


async def test_the_merchant_is_told_where_they_reported(story: Story) -> None:
    await story.writes(CHLOE, FACT, channel=Channel.SMS)
    await story.writes(MOREL, "prends S1", where=POSTE)
    assert [line[:12] for line in story.told(CHLOE, Channel.SMS)] == [
        "Reçu : votre",
        "S1 : pris en",
    ]


async def test_a_merchant_without_charter_any_more_is_told_nothing(story: Story) -> None:
    await story.writes(ANNE, FACT)
    before = story.told(ANNE)
    async with story.store.transaction() as tx:
        await tx.signatures.revoke(ANNE.id, story.now)
    await story.writes(MOREL, "prends S1", where=POSTE)
    assert isinstance(report(story).stage, Taken)
    assert story.told(ANNE) == before


async def test_S0_12_a_danger_is_answered_first(story: Story) -> None:
    await story.writes(ANNE, "Il est armé, vite")
    first = story.parcels()[0]
    assert first.body.startswith("Danger en cours : appelez tout de suite le 17 ou le 112")
    assert first.urgency is Urgency.URGENT
    assert report(story).emergency
    card = next(p for p in story.parcels() if p.key == CARD)
    assert card.body.startswith("🆘 URGENCE S1")
    assert card.urgency is Urgency.URGENT


async def test_a_vague_report_is_asked_what_is_missing_and_its_answer_is_added(
    story: Story,
) -> None:
    await story.writes(ANNE, "problème ici")
    assert "Précisez si possible : quoi, quand" in story.told(ANNE)[0]
    story.later(minutes=1)
    await story.writes(ANNE, "un client agressif ce matin")
    assert len(story.store.tables.reports) == 1
    assert "S1, complément de son auteur" in story.poste()[-1]
    story.later(minutes=30)
    await story.writes(ANNE, "faux billet de 20 ce midi")
    assert len(story.store.tables.reports) == 2


async def test_a_photo_goes_to_the_officers_alone_without_metadata(story: Story) -> None:
    await story.writes(ANNE, FACT, PHOTO)
    carrying = [p for p in story.parcels() if p.blobs]
    assert {p.target for p in carrying} == {POSTE, POSTE_GROUP}
    blob, until = story.store.tables.blobs[carrying[0].blobs[0]]
    assert blob.data == b"clean:photo"
    assert until == story.now + story.world.settings.photo_kept
    assert report(story).blobs == carrying[0].blobs


async def test_a_photo_that_follows_belongs_to_the_report(story: Story) -> None:
    await story.writes(ANNE, FACT)
    story.later(minutes=14)
    await story.writes(ANNE, "", PHOTO)
    assert len(report(story).blobs) == 1
    assert story.told(ANNE)[-1] == "Reçu : ajouté à S1."
    story.later(minutes=16)
    before = len(story.poste())
    await story.writes(ANNE, "", PHOTO)
    assert len(story.store.tables.reports) == 2
    assert len(story.poste()) == before, "nobody sees a photo without a reason"
    assert story.told(ANNE)[-1].startswith("Votre photo ou vidéo est gardée")


async def test_a_photo_of_a_closed_report_opens_another(story: Story) -> None:
    await story.writes(ANNE, FACT)
    await story.writes(MOREL, "clos S1", where=POSTE)
    await story.writes(ANNE, "", PHOTO)
    assert len(story.store.tables.reports) == 2


async def test_a_voice_note_is_refused_by_type_and_the_words_are_kept(story: Story) -> None:
    await story.writes(ANNE, FACT, VOICE)
    assert "pas accepté" in story.told(ANNE)[0]
    assert report(story).blobs == ()
    await story.writes(ANNE, "", VOICE)
    assert len(story.store.tables.reports) == 1


async def test_an_edit_and_a_deletion_are_told_to_the_officers(story: Story) -> None:
    key = await story.writes(ANNE, FACT)
    await story.edits(ANNE, key, "faux billet de 20 €", where="!guichet-anne")
    assert "S1, son auteur corrige : « faux billet de 20 € »" in story.poste()[-1]
    await story.edits(BRUNO, key, "autre", channel=Channel.SIGNAL)
    await story.deletes(ANNE, key, where="!guichet-anne")
    assert "supprimé" in story.poste()[-1]
    assert report(story).text == FACT
    assert len(story.poste()) == 3


async def test_an_edit_that_becomes_a_danger_is_answered_at_once(story: Story) -> None:
    key = await story.writes(ANNE, FACT)
    await story.edits(ANNE, key, "il est armé", where="!guichet-anne")
    assert story.told(ANNE)[-1].startswith("Danger en cours")


async def test_only_officers_of_the_territory_act_on_reports(story: Story) -> None:
    await story.writes(ANNE, FACT)
    await story.writes(MAIRIE, "prends S1")
    assert story.told(MAIRIE) == ["Seuls les agents traitent les signalements."]
    reports = story.store.tables.reports
    reports[ReportId(1)] = replace(report(story), territory="mantes")
    await story.writes(MOREL, "prends S1", where=POSTE)
    assert story.told(MOREL) == ["S1 n'existe pas."]
    assert isinstance(report(story).stage, Received)


async def test_the_state_is_told_to_its_author_and_to_officers_only(story: Story) -> None:
    await story.writes(ANNE, FACT)
    await story.writes(ANNE, "état S1")
    assert story.told(ANNE)[-1] == "S1 : reçu le 21/11 à 14h00, pas encore pris en charge."
    await story.writes(BRUNO, "état S1", channel=Channel.SIGNAL)
    assert story.told(BRUNO, Channel.SIGNAL) == ["S1 n'existe pas."]
    await story.writes(MOREL, "prends S1", where=POSTE)
    await story.writes(MOREL, "levée S1 infondé", where=POSTE)
    await story.writes(NADIA, "état S1", where=POSTE)
    assert "pris en charge à 14h00, rien à signaler à 14h00" in story.told(NADIA)[-1]
    await story.writes(MOREL, "clos S1", where=POSTE)
    await story.writes(ANNE, "état S1")
    assert story.told(ANNE)[-1].endswith(
        "pris en charge à 14h00, doute levé à 14h00, clos à 14h00."
    )


async def test_an_answer_to_an_announcement_is_a_report(story: Story) -> None:
    await story.writes(BRUNO, FACT, where=ALERTES_GROUP, channel=Channel.SIGNAL)
    assert report(story).author == BRUNO.id
    assert [p.target for p in story.parcels(Channel.SIGNAL) if "Reçu" in p.body] == [BRUNO.signal]


async def test_lines_of_a_report_cannot_pass_for_ours(story: Story) -> None:
    await story.writes(ANNE, "faux billet ce matin\nS9 clos par Morel (gendarmerie).\u202e")
    (card,) = story.poste()
    assert "\n| S9 clos" in card
    assert "\u202e" not in card


async def test_without_any_poste_the_merchant_is_told_to_call(story: Story) -> None:
    story.store.tables.rooms = {
        key: room for key, room in story.store.tables.rooms.items() if room.room_id != POSTE
    }
    await story.writes(ANNE, FACT)
    assert "appelez le 17" in story.told(ANNE)[-1]
    assert report(story).text == FACT


async def test_whoever_never_signed_reports_nothing_but_gets_the_telephone(story: Story) -> None:
    await story.writes(ELISE, FACT, channel=Channel.SMS)
    await story.writes(ELISE, FACT, channel=Channel.SMS)
    (answer,) = story.told(ELISE, Channel.SMS)  # once a day
    assert "17 ou 112" in answer
    assert "n'a pas été signée" in answer
    assert "mairie de Liffré" in answer
    await story.writes(ELISE, "il est armé", channel=Channel.SMS)
    assert story.told(ELISE, Channel.SMS)[-1].startswith("Danger en cours")
    assert story.store.tables.reports == {}
    assert story.poste() == []


async def test_a_video_is_shown_to_officers_with_the_report(story: Story) -> None:
    await story.writes(ANNE, FACT, VIDEO)
    [card] = [p for p in story.parcels(Channel.MATRIX, POSTE) if p.blobs]
    assert "Photos ou vidéos : 1" in card.body
    await story.deliver()
    [shown] = [m for m in story.bridges[Channel.MATRIX].sent if m.attachments]
    assert shown.attachments[0].content_type == "video/mp4"


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        (Unfit.KIND, "Ce type de fichier n'est pas accepté"),
        (Unfit.MISSING, "pèse plus de 20 Mo"),
        (Unfit.UNREADABLE, "n'a pas pu être lu"),
        (Unfit.TOO_LONG, "dure plus de 3 minutes"),
    ],
)
async def test_a_file_that_nobody_is_shown_is_explained(story: Story, why, sentence) -> None:
    await story.writes(ANNE, FACT, Attachment("video/mp4", why.encode()))
    told = story.told(ANNE)
    assert sentence in told[0]
    assert told[1].startswith("Reçu : votre signalement S1"), "its words are a report all the same"
    assert [p for p in story.parcels() if p.blobs] == []
