"""A merchant reports with a photo; officers take it, clear the doubt; the merchant is told."""

import re

from appservice.demo.cast import Cast
from appservice.demo.people import MANTES
from appservice.demo.story.checks import broken_window, expect
from appservice.demo.story.script import Script
from appservice.demo.table import StepTable
from appservice.domain.room import Kind


async def go_up(cast: Cast, table: StepTable, script: Script) -> None:
    """From the guichet to the poste and back."""
    poste = cast.scenery.room(Kind.POSTE, MANTES)
    merchant, officer = cast.elements["aurore"], cast.elements["salvi"]
    with table.step("Lucie signale, avec une photo, dans son guichet", "Element"):
        await merchant.say(cast.guichet("aurore"), script.report)
        told = await merchant.reads("Reçu : votre signalement")
        await merchant.send_photo(cast.guichet("aurore"), broken_window())
    found = re.search(r"S\d+", told.text)
    reference = found[0] if found else ""
    with table.step("Les agents le lisent au poste : qui, où, quoi, photo", "poste") as step:
        card = await officer.reads(f"{reference} — signalement")
        expect("Bijouterie Aurore" in card.text and script.report in card.text, "qui et quoi")
        photo = await officer.until(
            lambda: next((s for s in officer.timeline(poste) if s.kind == "m.image"), None)
        )
        seen = await officer.download(photo)
        expect(b"Telephone de Lucie" not in seen, "une photo sans métadonnées")
        await cast.receives("colin", reference + " — signalement")
        step.seen = f"{reference}, photo sans métadonnées, et sur Signal à la police municipale"
    with table.step("Un agent le prend et lève le doute", "poste") as step:
        await officer.react(poste, card.event_id, "✋")
        await merchant.reads("pris en charge")
        await officer.say(poste, f"levée {reference} fondé")
        await merchant.reads("levée de doute")
        await officer.say(poste, f"clos {reference}")
        await merchant.reads(f"{reference} : clos")
        step.seen = "Lucie est prévenue à chaque étape"
