"""What reaches officers has a reason: offences to choose, photos that wait, talk that stops."""

import pytest
from support.story import ANNE, BRUNO, CHLOE, ECHANGES, MOREL, PHOTO, POSTE, Story

from appservice.domain.commands.offences import Offence, chosen_last, menu, stated
from appservice.domain.delivery import Urgency
from appservice.domain.ids import ReportId
from appservice.domain.member import Channel

ON_EACH = pytest.mark.parametrize(
    ("who", "channel"),
    [(ANNE, Channel.MATRIX), (BRUNO, Channel.SIGNAL), (CHLOE, Channel.SMS)],
)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1 : deux parfums hier soir", "Vol : deux parfums hier soir"),
        ("6) trois billets de 20", "Fausse monnaie : trois billets de 20"),
        ("FAUX BILLETS: trois de 20", "Fausse monnaie : trois de 20"),
        ("abus de confiance : un dépôt jamais rendu", "Abus de confiance : un dépôt jamais rendu"),
        ("Dégradations : deux vitrines", "Dégradation : deux vitrines"),
        ("1 homme : il a pris la caisse", "1 homme : il a pris la caisse"),
        ("7 : rien de tel", "7 : rien de tel"),
        ("2:45 un homme a forcé la porte", "2:45 un homme a forcé la porte"),
        ("vol :", "vol :"),
        ("Hier 18 h : vol de caisse", "Hier 18 h : vol de caisse"),
    ],
)
def test_an_offence_is_said_with_the_word_of_the_menu(typed: str, said: str) -> None:
    assert stated(typed) == said


def test_every_offence_of_the_charter_is_in_the_menu_and_in_the_head_of_an_alert() -> None:
    assert len(Offence) == 6
    for offence in Offence:
        assert offence in menu()
        assert chosen_last(f"buralistes Liffré, {offence}") == ("buralistes Liffré", offence)
    assert chosen_last("buralistes Liffré") == ("buralistes Liffré", None)


@ON_EACH
async def test_a_member_chooses_an_offence(story: Story, who, channel) -> None:
    await story.writes(who, "signaler", channel=channel)
    assert "1 vol, 2 escroquerie, 3 abus de confiance" in story.told(who, channel)[0]
    await story.writes(who, "6 : deux de 20 ce matin", channel=channel)
    assert "Quoi : « Fausse monnaie : deux de 20 ce matin »" in story.poste()[0]
    await story.writes(who, "2", channel=channel)
    assert story.poste()[1] == "➕ S1, selon son auteur : escroquerie"
    assert story.told(who, channel)[-1] == "Noté : S1, escroquerie."


async def test_a_number_without_report_gets_the_menu(story: Story) -> None:
    await story.writes(ANNE, "4")
    assert story.told(ANNE)[0].startswith("Que signalez-vous ?")
    assert story.poste() == []


async def test_an_officer_chooses_one_in_the_head_of_an_alert(story: Story) -> None:
    await story.writes(MOREL, "alerte buralistes Liffré, extorsion : vol constaté", where=POSTE)
    assert story.store.tables.alerts[1].text == "Extorsion : vol constaté"


@pytest.mark.parametrize(("who", "channel"), [(ANNE, Channel.MATRIX), (BRUNO, Channel.SIGNAL)])
async def test_a_photo_without_a_reason_waits_for_one(story: Story, who, channel) -> None:
    await story.writes(who, "", PHOTO, channel=channel)
    await story.writes(who, "", PHOTO, channel=channel)
    assert [line[:33] for line in story.told(who, channel)] == [
        "Votre photo ou vidéo est gardée :"
    ] * 2
    assert story.poste() == []
    await story.writes(who, "Vitrine brisée ce matin à 8 h", channel=channel)
    [card] = [p for p in story.parcels(Channel.MATRIX, POSTE) if p.key.startswith("card:S1")]
    assert "Vitrine brisée ce matin à 8 h" in card.body
    assert len(card.blobs) == 2
    assert story.told(who, channel)[-1].startswith("Reçu : votre signalement S1")
    await story.writes(who, "", PHOTO, channel=channel)
    assert story.poste()[-1] == "➕ S1, complément de son auteur : photos ou vidéos : 1"
    assert story.verbs == ["report.keep-back", "report.open", "report.complete"]


async def test_a_photo_of_a_danger_does_not_wait(story: Story) -> None:
    await story.writes(ANNE, "Il est armé, vite", PHOTO)
    assert story.parcels(Channel.MATRIX, POSTE)[0].urgency is Urgency.URGENT


async def test_a_photo_alone_in_the_exchanges_waits_too(story: Story) -> None:
    await story.writes(ANNE, "", PHOTO, where=ECHANGES)
    assert story.poste() == []
    assert "Votre photo ou vidéo est gardée" in story.told(ANNE)[0]


@ON_EACH
async def test_talk_is_answered_and_goes_no_further(story: Story, who, channel) -> None:
    await story.writes(who, "Bonjour, merci !", channel=channel)
    assert story.told(who, channel)[0].startswith("Rien n'est transmis")
    assert story.poste() == []
    assert story.store.tables.reports == {}


@pytest.mark.parametrize(
    "text", ["Bonjour, un gaillard bizarroïde emporte mes confitures", "gribouille zut", "ok"]
)
async def test_what_is_not_understood_is_never_taken_for_talk(story: Story, text: str) -> None:
    await story.writes(ANNE, text)
    assert story.store.tables.reports[ReportId(1)].text == text
    assert len(story.poste()) == 1
