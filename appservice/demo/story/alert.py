"""Alerts come down: refused, held and approved, published once to each, corrected, cancelled."""

import re

from appservice.demo.cast import Cast
from appservice.demo.people import BRETAGNE, MANTES
from appservice.demo.story.checks import expect
from appservice.demo.story.script import SUSPICION, Script
from appservice.demo.table import StepTable
from appservice.domain.room import Kind

BURALISTES_35 = ("tanguy", "brient", "legoff", "riou")


def reference(text: str) -> str:
    """The alert that the line is about."""
    found = re.search(r"A\d+", text)
    return found[0] if found else ""


async def come_down(cast: Cast, table: StepTable, script: Script) -> None:
    """In Ille-et-Vilaine by a chef de quart, in Mantes by the municipal police."""
    await _refused(cast, table)
    await _published(cast, table, script)
    await _approved(cast, table, script)


async def _refused(cast: Cast, table: StepTable) -> None:
    chef = cast.elements["kerboul"]
    poste = cast.scenery.room(Kind.POSTE, BRETAGNE)
    with table.step("Une alerte qui vise des « suspects » est refusée", "modération") as step:
        await chef.say(poste, f"alerte buralistes 35 : {SUSPICION}")
        said = await chef.reads("Alerte non diffusée")
        expect("suspect" in said.text, "la phrase de la règle")
        expect(all(cast.copies(key, SUSPICION) == 0 for key in BURALISTES_35), "rien diffusé")
        step.seen = said.text.splitlines()[1][:70]


async def _published(cast: Cast, table: StepTable, script: Script) -> None:
    chef = cast.elements["kerboul"]
    poste = cast.scenery.room(Kind.POSTE, BRETAGNE)
    with table.step("L'alerte atteint chacun une fois par canal", "Element Signal SMS") as step:
        await chef.say(poste, f"alerte buralistes 35 : {script.alert}")
        said = await chef.reads(" publiée : ")
        for key in BURALISTES_35:
            await cast.receives(key, script.alert, copies=len(cast.people[key].channels))
        name = reference(said.text)
        step.seen = said.text
    with table.step("Une correction la remplace partout", "Element Signal SMS") as step:
        await chef.say(poste, f"corrige {name} : {script.corrected}")
        for key in BURALISTES_35:
            await cast.receives(key, script.corrected, copies=len(cast.people[key].channels))
        for key in ("tanguy", "legoff"):
            await cast.receives(key, script.alert, copies=0)
        await cast.receives("riou", f"ANNULE ET REMPLACE : {script.corrected}")
        step.seen = "modifiée sur Element et Signal, ANNULE ET REMPLACE par SMS"
    with table.step("Une annulation la retire", "Element Signal SMS") as step:
        before = cast.copies("riou", "ANNULATION")
        await chef.say(poste, f"annule {name} fausse alerte")
        for key in ("tanguy", "legoff"):
            await cast.receives(key, script.corrected, copies=0)
        await cast.receives("riou", "ANNULATION", copies=before + 1)
        step.seen = "effacée sur Element et Signal, annoncée par SMS"


async def _approved(cast: Cast, table: StepTable, script: Script) -> None:
    author, second = cast.elements["salvi"], cast.elements["perrin"]
    poste = cast.scenery.room(Kind.POSTE, MANTES)
    with table.step("Fait non constaté : mis en attente", "modération") as step:
        await author.say(poste, f"alerte bijoutiers Mantes-la-Jolie : {script.held}")
        card = await second.reads("attend une deuxième personne")
        await author.react(poste, card.event_id, "✅")
        await author.reads("ne peut pas la valider")
        step.seen = "son auteur ne peut pas la valider"
    with table.step("Une deuxième personne valide, elle part", "Element Signal") as step:
        await second.react(poste, card.event_id, "✅")
        for key in ("aurore", "fabre"):
            await cast.receives(key, script.held)
        step.seen = "une copie sur Element, une sur Signal"


async def for_everybody(cast: Cast, table: StepTable, script: Script) -> None:
    """The last act: the three kinds of phone show the same alert side by side."""
    poste = cast.scenery.room(Kind.POSTE, MANTES)
    with table.step("Une alerte pour tous les métiers de Mantes", "Element Signal SMS") as step:
        await cast.elements["perrin"].say(poste, f"alerte tous Mantes-la-Jolie : {script.last}")
        for key in ("aurore", "fabre", "levain"):
            await cast.receives(key, script.last)
        step.seen = "le même texte sur trois téléphones"
