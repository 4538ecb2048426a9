"""« aide » in Element, in Signal and by SMS: personal, and with the mairie's contact."""

import pytest
from support.town import News, Town

pytestmark = pytest.mark.e2e

LIFFRE = "la mairie de Liffré, maillage@liffre.example"


async def asked(town: Town, key: str, channel: str, wait_for: str = "Votre mairie") -> str:
    """What that person's phone answers to « aide »."""
    cast, news = town.cast, News(town.cast, key)
    match channel:
        case "matrix":
            await cast.elements[key].say(cast.guichet(key), "aide")
        case "signal":
            town.stage.signal.world.say(cast.aci(key), "aide")
        case _:
            town.stage.kannel.say(cast.people[key].number, "aide")
    return await news.of(wait_for)


@pytest.mark.acceptance("S2-16")
async def test_help_in_element_names_charter_rooms_channels_and_mairie(town: Town) -> None:
    tanguy = await asked(town, "tanguy", "matrix")
    signature = await town.signature("tanguy")
    assert signature is not None
    assert f"jusqu'au {signature.valid_until:%d/%m/%Y}" in tanguy
    assert "Vous êtes Tabac de la Halle, joint par Element." in tanguy
    assert "Vos salons : Alertes buralistes - département 35, Échanges buralistes" in tanguy
    assert LIFFRE in tanguy
    assert "Pour signaler" in tanguy
    assert "prends S12" not in tanguy
    kerboul = await asked(town, "kerboul", "matrix")
    assert "prends S12" in kerboul
    assert "Adjudante Kerboul (chef de quart)" in kerboul
    assert "Poste - département 35" in kerboul
    assert LIFFRE in kerboul
    moreau = await asked(town, "moreau", "matrix")
    assert "Alertes bijoutiers - Mantes-la-Jolie" in moreau
    assert "Échanges" not in moreau
    assert "la mairie de Mantes-la-Jolie" in moreau
    dupre = await asked(town, "dupre", "matrix")
    assert "alerte buralistes Liffré" in dupre
    assert "prends S12" not in dupre


@pytest.mark.acceptance("S2-16")
async def test_help_in_signal_and_by_sms(town: Town) -> None:
    legoff = await asked(town, "legoff", "signal")
    assert "Vous êtes Tabac du Port, joint par Signal." in legoff
    assert "Vos groupes : Alertes buralistes - département 35" in legoff
    assert LIFFRE in legoff
    riou = await asked(town, "riou", "sms", "Contact : ")
    signature = await town.signature("riou")
    assert signature is not None
    assert LIFFRE in riou
    assert "quoi, où, quand" in riou
    assert f"{signature.valid_until:%d/%m/%Y}" in riou
    assert "répondez OUI" not in riou, "riou has agreed"


@pytest.mark.acceptance("S2-16")
async def test_who_has_not_signed_is_told_how_to(town: Town) -> None:
    for channel in ("signal", "sms"):
        said = await asked(town, "hamon", channel, "La charte n'a pas été signée.")
        assert "Demandez un lien" in said
        assert LIFFRE in said
        assert "Vos " not in said
