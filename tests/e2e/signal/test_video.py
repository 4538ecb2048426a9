"""Videos between Signal, Element and the real signal-cli: shown to officers, and bare."""

import io

import av
import pytest
from support.films import MARKS, film
from support.signal_rig.rig import SERVICE
from support.town import PATIENCE, Town

from appservice.demo.child import wait_until
from appservice.demo.element import Seen
from appservice.demo.people import BRETAGNE, MANTES
from appservice.demo.story.checks import broken_window
from appservice.domain.room import Kind
from bridges.protocol import Attachment

pytestmark = [pytest.mark.e2e, pytest.mark.signal_real, pytest.mark.timeout(400)]


def is_bare(shown: bytes) -> None:
    """Nothing of who, where and when in any byte; still the film."""
    assert [mark for mark in MARKS if mark in shown] == []
    with av.open(io.BytesIO(shown)) as opened:
        assert sum(1 for _ in opened.decode(video=0)) == 10


async def watched(town: Town, key: str, room: str, kind: str, before: int) -> list[bytes]:
    """The files of that kind which an officer's Element shows beyond the first ones."""
    element = town.cast.elements[key]

    def found() -> list[Seen]:
        return [seen for seen in element.timeline(room) if seen.kind == kind]

    async def shown() -> bool:
        return len(found()) > before

    await wait_until(shown, f"{kind} chez {key}", PATIENCE)
    return [await element.download(seen) for seen in found()[before:]]


def count(town: Town, key: str, room: str, kind: str) -> int:
    return sum(seen.kind == kind for seen in town.cast.elements[key].timeline(room))


@pytest.mark.acceptance("S0-06")
async def test_text_photo_and_video_go_from_merchants_to_gendarmes(rig_town: Town) -> None:
    """One tobacconist has Signal alone, the other Element; gendarmes read both on Element."""
    town, cast, poste = rig_town, rig_town.cast, rig_town.poste(BRETAGNE)
    legoff = town.stage.signal.world.phone(cast.aci("legoff"))
    by_signal = "Caisse du tabac forcée hier à 15 h 01, des cartouches volées"
    by_element = "Devanture du tabac brisée hier à 15 h 11, des jeux volés"
    for minute, text in enumerate((by_signal, by_element)):
        news = town.news("kerboul")
        videos = count(town, "kerboul", poste, "m.video")
        photos = count(town, "kerboul", poste, "m.image")
        movie, picture = film(picture=("libx264", "libx265")[minute]), broken_window()
        if text is by_signal:
            await legoff.says(text, SERVICE, file=Attachment("video/quicktime", movie, "a.mov"))
            await legoff.says("", SERVICE, file=Attachment("image/jpeg", picture, "martin.jpg"))
        else:
            element, room = cast.elements["tanguy"], cast.guichet("tanguy")
            await element.send_photo(room, movie, "martin.mov", caption=text)
            await element.send_photo(room, picture, "martin.jpg")
        card = await news.of(text)
        assert "Photos ou vidéos : 1" in card, [n.text for n in legoff.notes]
        [shown] = await watched(town, "kerboul", poste, "m.video", videos)
        is_bare(shown)
        [photo] = await watched(town, "kerboul", poste, "m.image", photos)
        assert b"Exif" not in photo
    assert not any(b"martin" in seen.text.encode() for seen in cast.elements["kerboul"].timeline())


async def test_a_video_crosses_between_element_and_a_signal_group_bare(rig_town: Town) -> None:
    """Among officers: what one films, the other sees, whichever application each has."""
    town, poste = rig_town, rig_town.poste(MANTES)
    colin = town.stage.signal.world.phone(town.cast.aci("colin"))
    group = town.group(Kind.POSTE, MANTES)
    words = "Patrouille de 15 h 21, la vitrine du quai"
    await town.cast.elements["salvi"].send_photo(poste, film(), "IMG_0007.mov", caption=words)
    note = await colin.sees(lambda note: words in note.text)
    assert note.group == group
    [shown] = await colin.opens(note)
    is_bare(shown)

    before, back = count(town, "salvi", poste, "m.video"), "Vu, la même à 15 h 31"
    news = town.news("salvi")
    movie = Attachment("video/mp4", film(kind="mp4"), "IMG_0008.mp4")
    await colin.says(back, group, group=True, file=movie)
    assert "Brigadière Colin" in await news.of(back)
    [shown] = await watched(town, "salvi", poste, "m.video", before)
    is_bare(shown)


async def test_a_video_put_among_merchants_goes_to_the_officers_alone(rig_town: Town) -> None:
    town = rig_town
    fabre = town.stage.signal.world.phone(town.cast.aci("fabre"))
    group = town.group(Kind.ECHANGES, MANTES, "bijoutiers")
    poste = town.poste(MANTES)
    before = count(town, "salvi", poste, "m.video")
    text = "Vitrine de l'horlogerie brisée hier à 15 h 41, montres volées"
    await fabre.says(text, group, group=True, file=Attachment("video/quicktime", film(), "a.mov"))
    told = await fabre.sees(lambda note: note.group is None and "ne circulent pas" in note.text)
    assert "aux agents seulement" in told.text
    [shown] = await watched(town, "salvi", poste, "m.video", before)
    is_bare(shown)
    room = town.cast.scenery.room(Kind.ECHANGES, MANTES, "bijoutiers")
    assert count(town, "aurore", room, "m.video") == 0
    voice = Attachment("audio/aac", b"ADIF", "voix.aac")
    await fabre.says("", SERVICE, file=voice)
    await fabre.sees(lambda note: "Ce type de fichier n'est pas accepté" in note.text)
