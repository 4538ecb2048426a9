"""Who reported rates what became of it: asked at each closing, counted without a name."""

from dataclasses import replace

import pytest
from support.story import (
    ANNE,
    BRUNO,
    CHLOE,
    MAIRIE,
    MOREL,
    PHOTO,
    POSTE,
    START,
    Story,
    signature,
)

from appservice.domain.delivery import Urgency
from appservice.domain.ids import ReportId
from appservice.domain.member import Channel, Member
from appservice.domain.rating.given import Rating, month_of
from appservice.domain.text import SINGLE_SMS_SEPTETS, gsm7_length

FACT = "Un client a payé avec un faux billet de 50 € ce matin"
ASKED = "Répondez « note S1 4 » (de 1 à 5)"


async def close(story: Story, number: int = 1) -> None:
    await story.writes(MOREL, f"clos S{number}", where=POSTE)


async def reported(story: Story, who: Member = ANNE, channel: Channel = Channel.MATRIX) -> None:
    await story.writes(who, FACT, channel=channel)
    story.later(minutes=20)
    await close(story)


def ratings(story: Story) -> list[Rating]:
    return list(story.store.tables.ratings.values())


@pytest.mark.acceptance("S1-05")
@pytest.mark.parametrize(
    ("who", "channel"),
    [(ANNE, Channel.MATRIX), (BRUNO, Channel.SIGNAL), (CHLOE, Channel.SMS)],
)
async def test_each_closing_asks_one_rating_where_they_reported(
    story: Story, who: Member, channel: Channel
) -> None:
    await reported(story, who, channel)
    asked = [line for line in story.told(who, channel) if "Votre avis" in line]
    assert len(asked) == 1
    assert asked[0].startswith("S1 : clos. Merci")
    assert ASKED in asked[0]
    assert gsm7_length(asked[0].replace("S1", "S999999")) <= SINGLE_SMS_SEPTETS
    await story.writes(who, "note S1 4, rapide et clair", channel=channel)
    closed_at = story.store.tables.reports[ReportId(1)].stage.at
    assert ratings(story) == [
        Rating(ReportId(1), closed_at, month_of(story.now), 4, "rapide et clair")
    ]
    thanks = story.told(who, channel)[-1]
    assert thanks.startswith("Merci : S1 noté 4/5. Vos mots sont pour ses agents")
    assert gsm7_length(thanks) <= SINGLE_SMS_SEPTETS
    assert story.verbs[-1] == "report.rate"
    assert story.store.acts[-1].codes == ()
    assert not any("rapide" in line or "4/5" in line for line in story.poste())


@pytest.mark.acceptance("S1-05")
async def test_reopened_and_closed_again_it_is_asked_again(story: Story) -> None:
    await reported(story)
    await story.writes(ANNE, "note 2")
    await story.writes(MOREL, "rouvre S1", where=POSTE)
    await story.writes(ANNE, "note S1 5")
    assert story.told(ANNE)[-1].startswith("S1 n'est pas clos")
    story.later(hours=1)
    await close(story)
    assert len([line for line in story.told(ANNE) if ASKED in line]) == 2
    await story.writes(ANNE, "4/5")
    assert [rating.score for rating in ratings(story)] == [2, 4]
    await story.writes(ANNE, "état S1")
    assert story.told(ANNE)[-1].endswith("Votre note : 2/5, puis 4/5.")


async def test_a_second_rating_replaces_the_first_and_keeps_its_month(story: Story) -> None:
    await reported(story)
    await story.writes(ANNE, "note S1 2 long")
    [first] = ratings(story)
    story.later(days=25)
    await story.writes(ANNE, "note S1 5")
    assert ratings(story) == [replace(first, score=5, comment="")]
    assert month_of(story.now) != first.month
    assert "à la place de votre première note" in story.told(ANNE)[-1]


async def test_officers_read_the_words_and_nobody_the_score(story: Story) -> None:
    await story.writes(ANNE, FACT)
    await story.writes(CHLOE, "faux billets chez moi aussi", channel=Channel.SMS)
    await close(story)
    await story.writes(CHLOE, "note 3 un peu \u202elong", channel=Channel.SMS)
    await story.writes(MOREL, "état S1", where=POSTE)
    answer = story.told(MOREL)[-1]
    assert "💬 S2, avis : « un peu long »" in answer
    assert "3/5" not in answer
    [parcel] = [p for p in story.parcels() if p.body == answer]
    assert parcel.report == 1, "erased with what it quotes"
    await story.writes(ANNE, "état S1")
    assert "avis" not in story.told(ANNE)[-1]


async def test_nobody_is_asked_who_is_not_told(story: Story) -> None:
    await story.writes(ANNE, FACT)
    async with story.store.transaction() as tx:
        await tx.signatures.add(replace(signature(ANNE), revoked_at=START))
    await close(story)
    assert not any("clos" in line or "avis" in line for line in story.told(ANNE))


async def test_an_officer_is_not_asked_what_they_think_of_officers(story: Story) -> None:
    await story.writes(MOREL, "Au secours, il est armé et nous menace, vite")
    await close(story)
    assert story.told(MOREL)[-1] == "S1 : clos. Merci de votre signalement."
    await story.writes(MOREL, "note S1 4")
    assert ratings(story) == []


async def test_the_mairie_rates_what_it_reported(story: Story) -> None:
    await reported(story, MAIRIE)
    await story.writes(MAIRIE, "note S1 5")
    assert [rating.score for rating in ratings(story)] == [5]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("note S1 9", "La note va de 1 à 5 : écrivez « note S1 4 »"),
        ("note S1 super", "La note va de 1 à 5 : écrivez « note S1 4 »"),
        ("note 0", "La note va de 1 à 5 : écrivez « note S1 4 »"),
        ("note S2 4", "S2 n'est pas un de vos signalements."),
        ("note S9 4", "S9 n'est pas un de vos signalements."),
    ],
)
async def test_what_can_not_be_counted_says_why(story: Story, text: str, answer: str) -> None:
    await reported(story)
    await story.writes(BRUNO, "Vitrine brisée cette nuit à Redon", channel=Channel.SIGNAL)
    await close(story, 2)
    await story.writes(ANNE, text)
    assert story.told(ANNE)[-1].startswith(answer)
    assert ratings(story) == []


async def test_nothing_to_rate(story: Story) -> None:
    await story.writes(ANNE, "note 4")
    assert story.told(ANNE)[-1].startswith("Aucun de vos signalements clos n'attend de note")
    await reported(story)
    story.later(days=8)
    await story.writes(ANNE, "note 4")
    assert story.told(ANNE)[-1].startswith("Aucun"), "asked too long ago to be guessed"
    await story.writes(ANNE, "note S1 4")
    assert [rating.score for rating in ratings(story)] == [4]


async def test_a_fact_that_begins_like_a_rating_is_a_report(story: Story) -> None:
    await story.writes(ANNE, "note 5 billets de 20 € contrefaits remis ce matin à la caisse")
    assert story.told(ANNE)[-1].startswith("Reçu : votre signalement S1")


@pytest.mark.parametrize("text", ["note S1 1 {}", "note S1 {}", "note S9 2 {}", "note 1 {}"])
async def test_a_danger_is_never_a_comment(story: Story, text: str) -> None:
    await reported(story)
    await story.writes(ANNE, text.format("au secours, il est armé et me menace"))
    urgent = next(p for p in story.parcels() if "17 ou le 112" in p.body)
    assert urgent.urgency is Urgency.URGENT
    assert any("🆘 URGENCE S2" in line for line in story.poste())
    assert ratings(story) == []


async def test_an_erased_case_is_rated_no_more(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reported(story)

    async def erased(*_: object) -> bool:
        return False

    monkeypatch.setattr("support.memory_ratings.MemoryRatings.give", erased)
    await story.writes(ANNE, "note S1 4")
    assert story.told(ANNE)[-1].startswith("S1 est effacé")
    assert "report.rate" not in story.verbs


async def test_a_mere_number_stays_an_offence_and_says_how_to_rate(story: Story) -> None:
    await reported(story)
    await story.writes(ANNE, "4")
    hint, menu, *_ = story.told(ANNE)[-1].splitlines()
    assert hint == "Pour noter S1 : écrivez « note 4 »."
    assert menu.startswith("Que signalez-vous")
    await story.writes(ANNE, "6")
    assert story.told(ANNE)[-1].startswith("Que signalez-vous")
    assert ratings(story) == []


async def test_with_a_photo_it_is_a_report(story: Story) -> None:
    await reported(story)
    await story.writes(ANNE, "note S1 4 la vitrine brisée ce matin", PHOTO)
    assert ratings(story) == []
    assert ReportId(2) in story.store.tables.reports
