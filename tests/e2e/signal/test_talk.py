"""Mentions, answers and reactions between Element and the real signal-cli."""

import re
from html import escape

import pytest
from support.signal_rig.phone import Note, Phone
from support.signal_rig.rig import SERVICE
from support.town import PATIENCE, Town

from appservice.demo.child import wait_until
from appservice.demo.element import Seen
from appservice.demo.people import BRETAGNE, MANTES
from appservice.domain.room import Kind
from appservice.files.world import shipped_paths

pytestmark = [pytest.mark.e2e, pytest.mark.signal_real, pytest.mark.timeout(400)]


def phone(town: Town, key: str) -> Phone:
    return town.stage.signal.world.phone(town.cast.aci(key))


async def seen(town: Town, key: str, text: str) -> Seen:
    return await town.cast.elements[key].reads(text, PATIENCE)


async def test_a_mention_on_signal_names_by_role_and_never_by_number(rig_town: Town) -> None:
    """signal-cli sends a hole (U+FFFC), and knows Colin by her number."""
    town, fabre, colin = rig_town, phone(rig_town, "fabre"), phone(rig_town, "colin")
    group = town.group(Kind.ECHANGES, MANTES, "bijoutiers")
    words = "🔔 Merci @C, la réunion est à 16 h 01"
    start = len(words[: words.index("@C")].encode("utf-16-le")) // 2
    await fabre.says(words, group, group=True, mention=[f"{start}:2:{colin.aci}"])
    shown = await seen(town, "perrin", "la réunion est à 16 h 01")
    assert shown.text == (
        "Horlogerie Fabre (Signal) : "
        "🔔 Merci @Brigadière Colin (police municipale), la réunion est à 16 h 01"
    )


async def test_a_mention_on_element_rings_the_phone_of_whoever_is_named(rig_town: Town) -> None:
    """Brient has both: Element proposes her, her Signal is told."""
    town, brient = rig_town, phone(rig_town, "brient")
    room = town.cast.scenery.room(Kind.ECHANGES, BRETAGNE, "buralistes")
    mxid, name = town.cast.mxid("brient"), town.cast.people["brient"].name
    words = f"Bonjour {name}, la réunion est à 16 h 11"
    pill = f'<a href="https://matrix.to/#/{mxid}">{name}</a>'
    content = {
        "msgtype": "m.text",
        "body": words,
        "format": "org.matrix.custom.html",
        "formatted_body": escape(words).replace(name, pill),
        "m.mentions": {"user_ids": [mxid]},
    }
    await town.cast.elements["tanguy"].send(room, content)
    note = await brient.sees(lambda note: "la réunion est à 16 h 11" in note.text)
    [mention] = note.data["mentions"]
    assert mention["uuid"] == brient.aci
    # In that place her own application shows the name that she has there.
    start, end = mention["start"], mention["start"] + mention["length"]
    named = note.text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")
    assert named == "@Tabac-bijoux Le Narval"


async def test_an_answer_is_an_answer_on_the_other_side_too(rig_town: Town) -> None:
    town, colin, poste = rig_town, phone(rig_town, "colin"), rig_town.poste(MANTES)
    group, salvi = town.group(Kind.POSTE, MANTES), town.cast.elements["salvi"]
    event = await salvi.say(poste, "Qui passe au quai à 16 h 21 ?")
    note = await colin.sees(lambda note: "Qui passe au quai" in note.text)
    quote = {"quoteTimestamp": note.at, "quoteAuthor": note.author, "quoteMessage": note.text}
    said = await colin.says("J'y passe à 16 h 22", group, group=True, **quote)
    answer = await seen(town, "salvi", "J'y passe à 16 h 22")
    assert answer.replies_to == event

    await salvi.say(poste, "Parfait, à 16 h 23", replies_to=answer.event_id)
    note = await colin.sees(lambda note: "Parfait, à 16 h 23" in note.text)
    assert (note.data["quote"]["id"], note.data["quote"]["authorUuid"]) == (said, colin.aci)


async def test_an_officer_s_reaction_on_signal_acts_and_a_merchant_s_does_not(
    rig_town: Town,
) -> None:
    town, fabre, colin = rig_town, phone(rig_town, "fabre"), phone(rig_town, "colin")
    news = town.news("salvi")
    await fabre.says("Vitrine brisée hier à 16 h 31, des montres ont été volées", SERVICE)
    card = await colin.sees(lambda note: "16 h 31" in note.text)
    found = re.search(r"S\d+", card.text)
    assert found is not None
    told = await fabre.sees(lambda note: f"signalement {found[0]} " in note.text)
    on = {"targetAuthor": told.author, "targetTimestamp": told.at}
    await fabre.ask("sendReaction", recipient=[SERVICE], emoji="🏁", **on)
    on = {"targetAuthor": card.author, "targetTimestamp": card.at}
    await colin.ask("sendReaction", groupId=card.group, emoji="👀", **on)
    line = await news.of(f"{found[0]} pris en charge par")
    assert "Brigadière Colin (police municipale)" in line
    await fabre.sees(lambda note: f"{found[0]} : pris en charge par un agent" in note.text)

    # Taking it off undoes nothing, and what a merchant puts closes nothing.
    await colin.ask("sendReaction", groupId=card.group, emoji="👀", remove=True, **on)
    await fabre.says(f"état {found[0]}", SERVICE)

    async def answered() -> bool:
        return any(note.text.startswith(f"{found[0]} : reçu le") for note in fabre.notes)

    await wait_until(answered, "l'état du signalement", PATIENCE)
    [state] = [note.text for note in fabre.notes if note.text.startswith(f"{found[0]} : reçu le")]
    assert "pris en charge à" in state
    assert "clos" not in state


@pytest.mark.acceptance("S1-05")
async def test_the_private_thread_is_the_guichet_of_whoever_has_signal_alone(
    rig_town: Town,
) -> None:
    """Reports, rating, charter, commands: Marc Le Goff has nothing else to write with."""
    town, legoff, poste = rig_town, phone(rig_town, "legoff"), rig_town.poste(BRETAGNE)

    async def answers(said: str, start: str) -> Note:
        before = len(legoff.notes)
        await legoff.says(said, SERVICE)
        note = await legoff.sees(
            lambda note: note.text.startswith(start) and note not in legoff.notes[:before]
        )
        assert note.group is None
        return note

    told = await answers("Vitrine brisée hier à 16 h 41, la caisse a disparu", "Reçu : votre")
    found = re.search(r"S\d+", told.text)
    assert found is not None
    name = found[0]
    await town.cast.elements["kerboul"].say(poste, f"clos {name}")
    asked = await legoff.sees(lambda note: note.text.startswith(f"{name} : clos"))
    assert f"« note {name} 4 » (de 1 à 5)" in asked.text
    await answers("note 9", "La note va de 1 à 5")
    thanks = await answers(f"note {name} 5 merci", f"Merci : {name} noté 5/5.")
    assert "Vos mots" in thanks.text
    charter = await answers("charte", "Charte d'engagement des commerçants")
    assert "Votre signature vaut jusqu'au" in charter.text
    # Past 2,000 bytes Signal's own applications fetch the rest and show it behind « Lire plus ».
    [whole] = await legoff.opens(charter)
    file = shipped_paths().charters / "charte-commercants.md"
    assert file.read_text(encoding="utf-8").rstrip().splitlines()[-1] in whole.decode()
    me = await answers("moi", "Nom : Marc Le Goff")
    assert "Canaux : Signal" in me.text
    mine = await answers(f"état {name}", f"{name} : reçu le")
    assert mine.text.endswith("Votre note : 5/5.")
    state = await town.ask("kerboul", poste, f"état {name}", "avis : « merci »")
    assert "5/5" not in state
