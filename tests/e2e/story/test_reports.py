"""Reports: told at each step on the channel used; photos lose metadata, for the poste only."""

import base64
import re

import pytest
from support.town import PATIENCE, Town

from appservice.demo.people import BRETAGNE, MANTES
from appservice.demo.story.checks import broken_window
from appservice.domain.room import Kind
from bridges.protocol import Attachment

pytestmark = pytest.mark.e2e

STEPS = ("prends {}", "levée {} fondé", "clos {}")
TOLD = ("{} : pris en charge", "{} : levée de doute, fait confirmé", "{} : clos")


async def _write(town: Town, key: str, channel: str, text: str) -> None:
    cast = town.cast
    if channel == "matrix":
        await cast.elements[key].say(cast.guichet(key), text)
    elif channel == "signal":
        town.stage.signal.world.say(cast.aci(key), text)
    else:
        town.stage.kannel.say(cast.people[key].number, text)


def _on(town: Town, key: str, channel: str) -> list[str]:
    cast = town.cast
    if channel == "matrix":
        return [seen.text for seen in cast.timeline(key)]
    if channel == "signal":
        return [note.text for note in cast.signal_notes(key)]
    return [sms.text for sms in town.stage.kannel.inbox(cast.people[key].number)]


@pytest.mark.acceptance("S2-17")
@pytest.mark.parametrize(
    ("key", "channel", "minute"),
    [
        ("tanguy", "matrix", 1),
        ("legoff", "signal", 2),
        ("riou", "sms", 3),
        ("brient", "signal", 4),  # she has the three: she is told where she wrote
        ("brient", "sms", 5),
    ],
)
async def test_the_merchant_is_told_received_taken_cleared_closed_where_they_wrote(
    town: Town, key: str, channel: str, minute: int
) -> None:
    cast, poste, news = town.cast, town.poste(BRETAGNE), town.news(key)
    desk = town.news("kerboul")
    text = f"Vitrine brisée hier à 11 h 0{minute}, des cartouches ont été volées"
    await _write(town, key, channel, text)
    # « Reçu », which an SMS writes « Recu ».
    told = [await news.of("u : votre signalement")]
    assert told[0].startswith(("Reçu", "Recu"))
    found = re.search(r"S\d+", told[0])
    assert found is not None
    name = found[0]
    card = await desk.of(f"{name} — signalement")
    assert cast.people[key].shop in card
    assert text in card
    for step, answer in zip(STEPS, TOLD, strict=True):
        await cast.elements["kerboul"].say(poste, step.format(name))
        told.append(await news.of(answer.format(name)))
    assert f"note {name} 4" in told[-1], "asked in the same breath, once"
    assert [t for t in _on(town, key, channel) if t in told] == told, "in order, and there"
    elsewhere = {"matrix", "signal", "sms"} & set(cast.people[key].channels) - {channel}
    assert [t for other in elsewhere for t in _on(town, key, other) if name in t] == []
    times = await town.ask("kerboul", poste, f"état {name}", "doute levé à")
    assert re.search(r"reçu le .*, pris en charge à \d\dh\d\d, doute levé à .*, clos à", times)


@pytest.mark.acceptance("S1-05")
async def test_each_closing_asks_for_a_rating_and_officers_read_the_words_alone(
    town: Town,
) -> None:
    poste, news = town.poste(BRETAGNE), town.news("tanguy")
    await _write(town, "tanguy", "matrix", "Vitrine brisée hier à 11 h 51, la caisse a disparu")
    found = re.search(r"S\d+", await news.of("u : votre signalement"))
    assert found is not None
    name, again = found[0], f"{found[0]} est rouvert"
    for order, answer, rating, thanks in (
        ("clos {}", "{} : clos", "note {} 2 trop long", "{} noté 2/5. Vos mots"),
        ("rouvre {}", again, "note {} 5", "{} n'est pas clos"),
        ("clos {}", "{} : clos", "4/5", "{} noté 4/5."),
    ):
        told = town.news("tanguy")
        await town.cast.elements["kerboul"].say(poste, order.format(name))
        closed = await told.of(answer.format(name))
        assert (f"note {name} 4" in closed) == ("clos" in order)
        assert len(told.holding("Votre avis")) == int("clos" in order)
        await _write(town, "tanguy", "matrix", rating.format(name))
        await told.of(thanks.format(name))
    state = await town.ask("kerboul", poste, f"état {name}", "trop long")
    assert f"💬 {name}, avis : « trop long »" in state
    assert "/5" not in state
    mine = town.news("tanguy")
    await _write(town, "tanguy", "matrix", f"état {name}")
    assert (await mine.of("Votre note")).endswith("2/5, puis 4/5.")


async def test_photos_lose_their_metadata_and_go_to_the_poste_only(town: Town) -> None:
    cast, poste = town.cast, town.poste(MANTES)
    picture = broken_window()
    assert b"Telephone de Lucie" in picture
    officer = cast.elements["salvi"]
    room = cast.scenery.room(Kind.ECHANGES, MANTES, "bijoutiers")
    group = town.group(Kind.ECHANGES, MANTES, "bijoutiers")

    def images() -> list[str]:
        return [s.event_id for s in officer.timeline(poste) if s.kind == "m.image"]

    def gone(event: str) -> bool | None:
        return (event in officer.seen and officer.seen[event].deleted) or None

    async def one_more(before: list[str]) -> None:
        fresh = await officer.until(
            lambda: next((e for e in images() if e not in before), None), PATIENCE
        )
        clean = await officer.download(officer.seen[fresh])
        assert clean.startswith(b"\xff\xd8")
        assert b"Telephone de Lucie" not in clean
        assert b"Exif" not in clean

    before, told = images(), town.news("aurore")
    shown = await cast.elements["aurore"].send_photo(room, picture, caption="Vitrine 11 h 11")
    await told.of("remise aux agents seulement")
    await one_more(before)
    await officer.until(lambda: gone(shown), PATIENCE)

    before, told = images(), town.news("fabre")
    file = Attachment("image/jpeg", picture, "photo.jpg")
    town.stage.signal.world.say(
        cast.aci("fabre"), "Ma vitrine 11 h 12 hier cassée", group=group, attachment=file
    )
    await told.of("remise aux agents seulement")
    await one_more(before)
    # Colin, of the municipal police, has them by Signal, clean; no merchant has any.
    service = town.stage.signal.world.service
    relayed = [note for note in cast.signal_notes("colin") if note.author == service]
    colin = [file for note in relayed for file in note.files]
    assert len(colin) >= 2
    assert all(b"Telephone de Lucie" not in base64.b64decode(file.data) for file in colin)
    got = [n for n in cast.signal_notes("fabre") if n.files and n.author == service]
    assert got == []
    mine = cast.mxid("aurore")
    pictures = [s for s in cast.timeline("aurore") if s.kind == "m.image" and s.sender != mine]
    assert pictures == []


@pytest.mark.acceptance("S0-13")
@pytest.mark.parametrize(
    ("key", "channel", "minute"),
    [("tanguy", "matrix", 41), ("legoff", "signal", 42), ("riou", "sms", 43)],
)
async def test_the_offences_of_the_charter_are_selectable(
    town: Town, key: str, channel: str, minute: int
) -> None:
    news, desk = town.news(key), town.news("kerboul")
    await _write(town, key, channel, "signaler")
    menu = await news.of("Que signalez-vous")
    offences = (
        "vol",
        "escroquerie",
        "abus de confiance",
        "extorsion",
        "radation",
        "fausse monnaie",
    )
    assert all(f"{number} " in menu and name in menu for number, name in enumerate(offences, 1))
    number = minute % 6 + 1
    await _write(town, key, channel, f"{number} : hier à 16 h {minute}, au comptoir")
    card = await desk.of(f"hier à 16 h {minute}, au comptoir")
    assert re.search(rf"Quoi : « \w*{offences[number - 1]} : hier", card, re.IGNORECASE)


@pytest.mark.acceptance("S0-13")
async def test_an_officer_selects_the_offence_of_an_alert(town: Town) -> None:
    text = "trois billets de 20 € constatés hier à 16 h 44 à Redon"
    news = town.news("kerboul")
    order = f"alerte buralistes Redon, fausse monnaie : {text}"
    await town.cast.elements["kerboul"].say(town.poste(BRETAGNE), order)
    await news.of(" publiée : ")
    await town.cast.receives("legoff", f"Fausse monnaie : {text}", 1, PATIENCE)


async def _nothing_open(town: Town, key: str, officer: str, poste: str) -> None:
    """A photo would belong to the report that this member has just opened."""
    told = " ".join(_on(town, key, "signal"))
    for name in sorted(set(re.findall(r"votre signalement (S\d+)", told))):
        news = town.news(key)
        if not any(f"{name} : clos" in text for text in _on(town, key, "signal")):
            await town.cast.elements[officer].say(poste, f"clos {name}")
            await news.of(f"{name} : clos")


@pytest.mark.acceptance("S2-07")
async def test_chatter_stops_a_photo_waits_and_nothing_leaves_unverified(town: Town) -> None:
    cast, poste = town.cast, town.poste(MANTES)
    talk, desk = "Merci beaucoup, bon courage !", cast.elements["salvi"]
    for key, channel in (("aurore", "matrix"), ("fabre", "signal")):
        news = town.news(key)
        await _write(town, key, channel, talk)
        await news.of("Rien n'est transmis")

    def images() -> list[str]:
        return [s.event_id for s in desk.timeline(poste) if s.kind == "m.image"]

    await _nothing_open(town, "fabre", "salvi", poste)
    before, news = images(), town.news("fabre")
    file = Attachment("image/jpeg", broken_window(), "photo.jpg")
    town.stage.signal.world.say(cast.aci("fabre"), "", attachment=file)
    await news.of("Votre photo ou vidéo est gardée")
    unverified = "Deux vols à la roulotte hier à 16 h 45"
    await desk.say(poste, f"alerte bijoutiers Mantes-la-Jolie : {unverified}")
    await town.news("salvi").of("attend une deuxième personne")
    assert images() == before, "a photo without a reason"
    assert all(cast.copies(key, talk) == 0 for key in ("salvi", "perrin", "colin"))
    assert all(cast.copies(key, unverified) == 0 for key in ("aurore", "fabre"))
    reason = "Ma vitrine a été brisée hier à 16 h 46"
    town.stage.signal.world.say(cast.aci("fabre"), reason)
    await desk.until(lambda: set(images()) - set(before) or None, PATIENCE)
    await cast.receives("salvi", reason, 1, PATIENCE)
