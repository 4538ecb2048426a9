"""Merchants talk: what may circulate crosses the bridges, the rest is removed and explained."""

from appservice.demo.cast import Cast
from appservice.demo.people import BRETAGNE, MANTES
from appservice.demo.story.checks import expect
from appservice.demo.story.script import ACCUSED, Script
from appservice.demo.table import StepTable
from appservice.domain.room import Kind


async def talk(cast: Cast, table: StepTable, script: Script) -> None:
    """In the échanges of Mantes's jewellers, and by SMS in Redon."""
    room = cast.scenery.room(Kind.ECHANGES, MANTES, "bijoutiers")
    group = cast.scenery.group(Kind.ECHANGES, MANTES, "bijoutiers")
    merchant = cast.elements["aurore"]
    with table.step("Un fait circule d'Element vers Signal, attribué", "échanges") as step:
        await merchant.say(room, script.fact)
        await cast.receives("fabre", script.fact)
        shown = next(note.text for note in cast.signal_notes("fabre") if script.fact in note.text)
        expect("Bijouterie Aurore" in shown, "l'enseigne de l'auteur")
        step.seen = shown.splitlines()[0][:70]
    with table.step("Une accusation est retirée, et expliquée en privé", "échanges") as step:
        await merchant.say(room, ACCUSED)
        explained = await merchant.reads("Votre message a été retiré")
        expect(explained.room == cast.guichet("aurore"), "une explication dans le guichet")
        await cast.receives("salvi", ACCUSED, copies=0)
        expect(cast.copies("fabre", ACCUSED) == 0, "rien sur Signal")
        step.seen = explained.text.splitlines()[1][:70]
    with table.step("La réponse de Signal revient sur Element, attribuée", "Signal") as step:
        cast.stage.signal.world.say(cast.aci("fabre"), script.answer, group=group)
        back = await merchant.reads(script.answer)
        expect(back.text.startswith("Horlogerie Fabre (Signal)"), "l'enseigne et le canal")
        step.seen = back.text[:70]
    with table.step("Un SMS devient un signalement au poste", "SMS") as step:
        before = cast.copies("riou", "votre signalement")
        cast.stage.kannel.say(cast.people["riou"].number, script.sms)
        card = await cast.elements["kerboul"].reads(script.sms)
        expect(card.room == cast.scenery.room(Kind.POSTE, BRETAGNE), "au poste")
        await cast.receives("riou", "votre signalement", copies=before + 1)
        step.seen = "carte au poste, accusé de réception par SMS"


async def part(cast: Cast, table: StepTable) -> None:
    """A member is revoked."""
    with table.step("Une participation est retirée : plus aucun salon", "partout") as step:
        said = await cast.maillage("revoke", cast.address("brient"))
        expect(not await cast.elements["brient"].seats(), "plus aucun salon")
        step.seen = said.out.strip()
    with table.step("Elle revient : relire, signer, entrer", "partout") as step:
        shown = await cast.maillage("charter", cast.address("brient"))
        digest = shown.err.split()[2]
        await cast.maillage("sign", "--readmit", "--hash", digest, cast.address("brient"))
        await cast.maillage("apply")
        joined = await cast.accept_invitations(["brient"])
        step.seen = f"{joined} salons"
