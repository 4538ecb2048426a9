"""What a member answers to officers finds its report without a code, whatever the telephone."""

import pytest
from support.story import BRUNO, CHLOE, MOREL, PAULE, PHOTO, POSTE, Story

from appservice.domain.ids import ReportId
from appservice.domain.member import Channel, Member

FACT = "Vitrine brisée ce matin, rue de Rennes"
OTHER = "Faux billet de 50 remis à la caisse hier soir"


async def says(story: Story, text: str, who: Member = CHLOE) -> None:
    await story.writes(who, text, channel=Channel.SMS)


async def asks(story: Story, text: str) -> None:
    await story.writes(MOREL, text, where=POSTE)


async def two_reports(story: Story) -> None:
    await says(story, FACT)
    story.later(minutes=20)
    await says(story, OTHER)
    assert len(story.store.tables.reports) == 2


async def test_officers_write_to_the_telephone_that_reported(story: Story) -> None:
    await says(story, FACT)
    await asks(story, "réponds S1 : Combien étaient-ils ?")
    assert story.told(CHLOE, Channel.SMS)[-1] == (
        "Agents, sur votre signalement de 14h00 : Combien étaient-ils ? Répondez ici."
    )
    assert "S1, Morel (gendarmerie) à son auteur : « Combien étaient-ils ? »" in story.poste()[-1]
    assert "report.ask" in story.verbs


@pytest.mark.parametrize("answer", ["2", "oui", "deux, partis vers la gare", "merci", "non"])
async def test_the_answer_joins_the_report(story: Story, answer: str) -> None:
    await says(story, FACT)
    await asks(story, "réponds S1 Combien étaient-ils ?")
    await says(story, answer)
    assert len(story.store.tables.reports) == 1
    assert story.poste()[-1] == f"➕ S1, complément de son auteur : « {answer} »"
    assert "ajouté à S1. Autre sujet :" in story.told(CHLOE, Channel.SMS)[-1]


async def test_of_several_the_last_asked_is_meant_and_the_others_are_named(story: Story) -> None:
    await two_reports(story)
    await asks(story, "réponds S2 : Quelle série ?")
    story.later(minutes=1)
    await asks(story, "réponds S1 : Une caméra ?")
    await says(story, "oui deux")
    assert story.poste()[-1].startswith("➕ S1, complément de son auteur : « oui deux »")
    assert "(ou S2" in story.poste()[-1]
    await says(story, "S2 : commence par UA12")
    assert story.poste()[-1].startswith("➕ S2, complément de son auteur : « commence par UA12 »")
    await asks(story, "clos S1")
    await says(story, "et je garde le billet")
    assert story.poste()[-1] == "➕ S2, complément de son auteur : « et je garde le billet »"


@pytest.mark.parametrize("begins", ["Nouveau : ", "autre sujet, "])
async def test_a_new_fact_may_be_said_to_be_new(story: Story, begins: str) -> None:
    await says(story, FACT)
    await asks(story, "réponds S1 : Combien ?")
    story.later(minutes=20)
    await says(story, begins + OTHER)
    assert len(story.store.tables.reports) == 2


async def test_a_danger_is_never_taken_for_an_answer(story: Story) -> None:
    await says(story, FACT)
    await asks(story, "réponds S1 : Combien ?")
    await says(story, "il est armé")
    assert story.told(CHLOE, Channel.SMS)[-1].startswith("Danger en cours")
    assert story.store.tables.reports[ReportId(2)].emergency


async def test_stop_and_commands_are_no_answers(story: Story) -> None:
    await says(story, FACT)
    await asks(story, "réponds S1 : Combien ?")
    await says(story, "aide")
    assert "17 ou 112" in story.told(CHLOE, Channel.SMS)[-1]
    await says(story, "stop")
    assert "plus de SMS" in story.told(CHLOE, Channel.SMS)[-1]
    assert "complément" not in "".join(story.poste())


async def test_long_after_it_is_a_report_again(story: Story) -> None:
    await says(story, FACT)
    await asks(story, "réponds S1 : Combien ?")
    story.later(hours=3)
    await says(story, OTHER)
    assert len(story.store.tables.reports) == 2


async def test_the_answer_to_another_member_is_not_ours(story: Story) -> None:
    await says(story, FACT)
    await asks(story, "réponds S1 : Combien ?")
    await says(story, OTHER, BRUNO)
    assert len(story.store.tables.reports) == 2


async def test_at_night_who_has_just_reported_is_asked_at_once(story: Story) -> None:
    story.later(hours=9)
    await says(story, FACT)
    await asks(story, "réponds S1 : Combien ?")
    await story.deliver()
    assert "Combien ?" in story.bridges[Channel.SMS].texts(CHLOE.phone or "")[-1]


async def test_a_photo_may_answer(story: Story) -> None:
    await story.writes(BRUNO, FACT, channel=Channel.SIGNAL)
    await asks(story, "réponds S1 : Une photo ?")
    await story.writes(BRUNO, "", PHOTO, channel=Channel.SIGNAL)
    assert len(story.store.tables.reports) == 1
    assert story.store.tables.reports[ReportId(1)].blobs


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ("réponds S9 : Combien ?", "S9 n'existe pas"),
        ("réponds S1", "Message vide"),
        ("réponds", "Il manque la référence"),
        ("réponds A1 : Combien ?", "A1 est une alerte"),
    ],
)
async def test_what_cannot_be_sent_is_said(story: Story, order: str, told: str) -> None:
    await says(story, FACT)
    await asks(story, order)
    assert told in story.told(MOREL)[-1]


async def test_nothing_is_asked_about_what_is_over_nor_of_who_is_gone(story: Story) -> None:
    await two_reports(story)
    await asks(story, "clos S1")
    await asks(story, "réponds S1 : Combien ?")
    assert "est clos" in story.told(MOREL)[-1]
    async with story.store.transaction() as tx:
        await tx.signatures.revoke(CHLOE.id, story.now)
    await asks(story, "réponds S2 : Combien ?")
    assert "plus membre" in story.told(MOREL)[-1]


async def test_a_merchant_asks_nobody(story: Story) -> None:
    await says(story, FACT)
    await story.writes(PAULE, "réponds S1 : Combien ?")
    assert "Combien ?" in story.told(CHLOE, Channel.SMS)[-1]
    await says(story, "réponds S1 : moi", BRUNO)
    assert len(story.told(CHLOE, Channel.SMS)) == 2
