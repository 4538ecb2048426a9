"""What must always be caught, in every way people write it, and what looks like it but is not."""

import pytest
from support.shipped_policy import policy

from appservice.domain.moderation import Decision, Submission, judge
from appservice.domain.moderation.checks import CHECKS


def _rules(text: str, role: str = "gendarme") -> tuple[str, ...]:
    return judge(Submission(text, role), policy()).rules


@pytest.mark.parametrize(
    "plate",
    [
        "AB-123-CD", "ab123cd", "AB 123 CD", "ab 123 cd", "A B 1 2 3 C D", "1234 AB 35",
        "WW-123-AB",
        "plaque : e f 4 5 6 g h", "alpha bravo cent vingt-trois charlie delta", "GK1O5DP",
        "immat qui finit par 6 GH", "ＡＢ-１２３-ＣＤ", "Kilo Lima 612 Sierra Alpha",
    ],
)  # fmt: skip
def test_a_plate_however_written(plate: str) -> None:
    assert "licence-plate" in _rules(f"Vol à Redon, camion {plate}")


@pytest.mark.parametrize(
    "contact",
    [
        "06 39 98 11 22", "0639981122", "06.39.98.11.22", "+33 6 39 98 11 22", "0033639981122",
        "zéro six trente-neuf quatre-vingt-dix-huit onze vingt-deux", "06 trente neuf 98 onze 22",
        "O6 39 98 11 22", "escroc@exemple.com", "escroc (at) exemple point com",
        "www.colis-suivi.com", "colis-suivi-poste.com", "https://bit.ly/abc", "@le.compte",
        "FR76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189", "4970 1012 3456 7893",
        "DE89 3704 0044 0532 0130 00", "numéro de l'arnaqueur 0639981122",
    ],
)  # fmt: skip
def test_a_contact_however_written(contact: str) -> None:
    assert "contact-details" in _rules(f"Escroquerie avérée à Redon : {contact}")


@pytest.mark.parametrize(
    "text",
    [
        "Vol de 250 CD à Redon", "Vol de 300 en caisse à Redon", "Fausses plaques volées à Redon",
        "Vol de bobines, lot n° 0612345678", "Vol d'un téléphone, IMEI 356938035643809",
        "Vol à Redon, composez le 17", "Escroquerie avérée, voir cybermalveillance.gouv.fr",
        "Faux billets, série 0612345678 à 0612345699", "Vol à Redon ce 12/04/2026 vers 18h30",
    ],
)  # fmt: skip
def test_what_only_looks_like_one(text: str) -> None:
    assert not {"licence-plate", "contact-details"} & set(_rules(text))


@pytest.mark.parametrize(
    "text",
    ["v o l de caisse cette nuit", "V0L DE CAISSE CETTE NUIT", "voool de caisse cette nuit"],
)
def test_spellings_that_hide_are_read(text: str) -> None:
    assert _rules(text, "merchant") == ("unverified-source",)


@pytest.mark.parametrize("text", ["c*nnard", "conn*rd", "putain", "p u t a i n", "m3rde"])
def test_insults_that_hide_are_read(text: str) -> None:
    assert "insult" in _rules(f"Vol à Redon, {text}")


def test_an_emergency_is_told_alone() -> None:
    text = "Au secours, le fils du boulanger a un couteau, plaque AB-123-CD, 06 39 98 11 22"
    assert _rules(text, "merchant") == ("emergency-in-progress",)


def test_an_attachment_waits_for_a_second_person() -> None:
    submission = Submission("Vol à Redon hier", "gendarme", attachments=("image/jpeg",))
    assert judge(submission, policy()).decision is Decision.HOLD


def test_every_check_is_used_by_a_rule_or_offered_to_operators() -> None:
    assert set(CHECKS) - {rule.check for rule in policy().rules.values()} == {"regex"}


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Vol à Guer hier. Toujours les mêmes, on sait d'où ils descendent", ("unread-sentence",)),
        ("Vol à Guer hier. Auteurs en fuite à pied, aucun blessé", ()),
        ("Vol à Guer hier. Les auteurs avaient repéré l'heure de livraison", ()),
    ],
)
def test_a_sentence_that_nothing_explains_beside_a_fact(text: str, rules: tuple[str, ...]) -> None:
    assert _rules(text) == rules


def test_a_sentence_that_nothing_explains_is_told_last() -> None:
    text = "Vol à Guer hier. Toujours les mêmes, on sait d'où ils descendent. Plaque AB-123-CD"
    assert _rules(text) == ("licence-plate",)
