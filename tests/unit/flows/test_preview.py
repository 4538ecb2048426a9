"""Officers see what a telephone will show, and its price, before anything leaves."""

from dataclasses import replace

import pytest
from support.story import ANNE, CHLOE, MAIRIE, MOREL, POSTE, TERRITORY, Story

from appservice.cli import main
from appservice.domain.member import Channel
from appservice.domain.telephone.rules import TextRules

ACCENTS = "Contrôlez l’arrière-boutique : vol constaté à Liffré " + "a" * 60


def with_accents(story: Story) -> None:
    territory = replace(TERRITORY, texts=TextRules(gsm7_only=False))
    world = replace(story.world, territories={territory.id: territory})
    story.world = story.inbound.world = world


async def test_a_preview_in_the_poste_publishes_nothing(story: Story) -> None:
    await story.writes(MOREL, f"aperçu tous : {ACCENTS}", where=POSTE)
    (line,) = story.poste()
    assert line.startswith("Aperçu, rien n'est diffusé.")
    assert "« Controlez l'arrière-boutique : vol" in line
    assert "/160 caractères). Remplacés : ô ’" in line
    assert "1 SMS par téléphone, 3 téléphones : 3 SMS comptés." in line
    assert "serait diffusée" in line
    assert story.store.tables.alerts == {}
    assert story.parcels(Channel.SMS) == []


async def test_accents_have_a_price_where_a_territory_keeps_them(story: Story) -> None:
    with_accents(story)
    await story.writes(MOREL, f"aperçu tous : {ACCENTS}", where=POSTE)
    assert "/70 caractères, accents gardés)." in story.poste()[0]
    assert "2 SMS par téléphone, 3 téléphones : 6 SMS comptés." in story.poste()[0]
    await story.writes(MOREL, f"alerte tous : {ACCENTS}", where=POSTE)
    await story.deliver()
    assert story.bridges[Channel.SMS].texts(CHLOE.phone or "") == [ACCENTS]
    published = next(line for line in story.poste() if "publiée" in line)
    assert "6 SMS comptés, 2 par téléphone" in published


async def test_a_gateway_without_accents_wins_over_a_territory_with_them(story: Story) -> None:
    with_accents(story)
    settings = replace(story.world.settings, gsm7_only=True)
    story.world = story.inbound.world = replace(story.world, settings=settings)
    await story.writes(MOREL, f"aperçu tous : {ACCENTS}", where=POSTE)
    assert "Controlez" in story.poste()[0]


async def test_the_rules_speak_before_the_author_publishes(story: Story) -> None:
    await story.writes(MOREL, "aperçu tous : Un type suspect rôde", where=POSTE)
    assert "serait refusée" in story.poste()[0]
    assert "règle" in story.poste()[0]


async def test_a_held_alert_shows_the_telephone_too(story: Story) -> None:
    await story.writes(MAIRIE, "alerte tous : Deux vols à la roulotte, rue de l’Hôpital")
    assert "Sur téléphone : « Deux vols à la roulotte, rue de l'Hopital »" in story.poste()[0]


async def test_a_merchant_previews_nothing(story: Story) -> None:
    await story.writes(MAIRIE, "aperçu tous : Vol constaté à Liffré")
    assert story.told(MAIRIE)[-1].startswith("Aperçu")
    await story.writes(MOREL, "aperçu tous", where=POSTE)
    assert "Il manque le texte" in story.told(MOREL)[-1]
    await story.writes(ANNE, "aperçu tous : Vol constaté à Liffré")
    assert not any("Aperçu" in text for text in story.told(ANNE))


def test_the_command_shows_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "ille-et-vilaine", "Contrôlez l’arrière"]) == 0
    out = capsys.readouterr().out
    assert "« Controlez l'arrière » (19/160 caractères). Remplacés : ô ’" in out
    assert "1 SMS par téléphone." in out
    assert main(["preview", "finistere", "x"]) == 1
    assert "Connus : ille-et-vilaine, yvelines-mantes" in capsys.readouterr().err
