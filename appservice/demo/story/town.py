"""First acts: rooms are planned and made, people enrolled, charters signed, strangers kept out."""

import aiohttp

from appservice.demo.cast import Cast
from appservice.demo.people import BRETAGNE, LIFFRE, PEOPLE
from appservice.demo.story.checks import expect
from appservice.demo.table import StepTable
from appservice.domain.ids import RoomId
from appservice.domain.room import Kind


async def build(cast: Cast, table: StepTable) -> None:
    """Plan, apply, plan again."""
    with table.step("Ce qui manque : plan", "domaine") as step:
        planned = await cast.maillage("plan")
        step.seen = planned.err.strip()
    with table.step("Les salons sont faits : apply", "Synapse") as step:
        applied = await cast.maillage("apply")
        step.seen = applied.err.strip().splitlines()[-1]
    with table.step("Le service démarre et publie les accueils", "maillage"):
        await cast.stage.start_service()
        await cast.maillage("apply")
    with table.step("Une seconde fois : rien à faire", "domaine") as step:
        again = await cast.maillage("plan")
        expect(again.out == "", f"un plan vide, pas : {again.out[:400]}")
        step.seen = again.err.strip()


async def gather(cast: Cast, table: StepTable) -> None:
    """Enrolment, signatures, invitations with a proof, and everybody comes in."""
    with table.step(f"La mairie inscrit {len(cast.people)} personnes", "registre") as step:
        enrolled = await cast.enrol()
        step.seen = enrolled.err.strip()
    signers = [key for key, person in cast.people.items() if person.signs]
    with table.step(f"{len(signers)} signent la charte, l'une ne signe pas", "chartes") as step:
        await cast.sign(signers)
        step.seen = "texte, empreinte et heure scellés"
    with table.step("Invitations avec preuve de charte", "Synapse") as step:
        await cast.maillage("apply")
        await cast.look_around()
        step.seen = f"{len(cast.scenery.rooms)} salons"
    with table.step("Chacun accepte sur son Element", "Element") as step:
        joined = await cast.accept_invitations()
        step.seen = f"{joined} entrées"
    with table.step("Chaque téléphone dit OUI avant sa première alerte", "SMS") as step:
        count = await cast.agree(p.key for p in PEOPLE if p.signs)
        step.seen = f"{count} accords" if count else "accords déjà donnés"
    with table.step("Le plan est vide de nouveau", "domaine"):
        await cast.maillage("apply")
        again = await cast.maillage("plan")
        expect(again.out == "", f"un plan vide, pas : {again.out[:400]}")


async def keep_out(cast: Cast, table: StepTable) -> None:
    """The gate answers for itself, the service being stopped."""
    room = cast.scenery.room(Kind.ALERTES, BRETAGNE, "buralistes")
    with table.step("Service arrêté, la barrière tient", "charter_gate") as step:
        await cast.stage.stop_service()
        try:
            statuses = await _attacks(cast, room)
        finally:
            await cast.stage.restart_service()
        expect(set(statuses.values()) == {403}, f"des refus partout, pas {statuses}")
        step.seen = f"{len(statuses)} tentatives, {len(statuses)} refus"


async def _attacks(cast: Cast, room: RoomId) -> dict[str, int]:
    homeserver = cast.stage.homeserver
    outsider = cast.accounts["gare"]
    boss = await cast.account("admin", admin=True)
    invite = f"/_matrix/client/v3/rooms/{room}/invite"
    door = f"/_matrix/client/v3/rooms/{room}/join"
    stranger = {"user_id": outsider.mxid}
    tries = {
        "entrer sans invitation": (outsider.access_token, door, {}),
        "être invité par un membre": (cast.accounts["tanguy"].access_token, invite, stranger),
        "être invité par l'administrateur": (boss.access_token, invite, stranger),
        "être ajouté par l'administrateur": (
            boss.access_token,
            f"/_synapse/admin/v1/join/{room}",
            stranger,
        ),
        "ouvrir le salon au public": (
            homeserver.as_token,
            f"/_matrix/client/v3/rooms/{room}/state/m.room.join_rules",
            {"join_rule": "public"},
        ),
    }
    statuses = {}
    async with aiohttp.ClientSession() as http:
        for name, (token, path, body) in tries.items():
            method = "PUT" if "/state/" in path else "POST"
            query = {"user_id": homeserver.bot} if token == homeserver.as_token else {}
            headers = {"Authorization": f"Bearer {token}"}
            url = f"{homeserver.url}{path}"
            async with http.request(
                method, url, json=body, headers=headers, params=query
            ) as answer:
                statuses[name] = answer.status
    return statuses


async def drift(cast: Cast, table: StepTable) -> None:
    """Somebody renames a room and moves a power level by hand."""
    room = cast.scenery.room(Kind.ECHANGES, BRETAGNE, "bijoutiers", LIFFRE)
    with table.step("Quelqu'un renomme un salon et touche aux droits", "Synapse"):
        await cast.tamper(room, "m.room.name", {"name": "Le salon de Bob"})
        levels = await cast.read_state(room, "m.room.power_levels")
        await cast.tamper(room, "m.room.power_levels", {**levels, "invite": 0})
    with table.step("plan le dit, apply répare", "domaine") as step:
        seen = await cast.maillage("plan")
        await cast.maillage("apply")
        name = await cast.read_state(room, "m.room.name")
        expect(name["name"] != "Le salon de Bob", "le nom rétabli")
        again = await cast.maillage("plan")
        expect(again.out == "", f"un plan vide, pas : {again.out[:400]}")
        step.seen = f"{len(seen.out.splitlines())} écarts vus"
