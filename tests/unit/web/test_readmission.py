"""Letting somebody back in: by the mairie, with a code, and not before they have signed again."""

from datetime import timedelta

from support.console import LIFFRE, MANTES, ConsoleTown, Person
from support.signing import a_newcomer

from appservice.domain.console import Position
from appservice.domain.member import Member, Role

LATER = timedelta(minutes=6)  # than a code given at the door


async def put_out(town: ConsoleTown, **changes: object) -> Member:
    member = await a_newcomer(town, **changes)
    await town.sign(member)
    async with town.store.transaction() as tx:
        await tx.signatures.revoke(member.id, town.clock())
    return member


async def state(town: ConsoleTown, mairie: Person, member: Member) -> str:
    return (await mairie.get(f"/participants/{member.id}")).text


async def test_readmitting_hands_on_a_link_and_lets_nobody_in_yet(town: ConsoleTown):
    mairie, member = await town.mairie(), await put_out(town)
    path = f"/participants/{member.id}/readmettre"
    assert f'href="{path}"' in await state(town, mairie, member)
    asked = await mairie.get(path)
    assert "devra lire et signer de nouveau" in asked.text
    done = await mairie.post(path)
    assert done.status == 200
    assert "/signer/" in done.text
    assert "participation a été retirée" in await state(town, mairie, member), "still out"
    acts = [(act.verb, act.subject) for act in town.store.acts if act.verb == "readmit.offer"]
    assert acts == [("readmit.offer", member.id)]
    assert town.store.acts[-1].actor not in ("operator", member.id)
    assert "readmit" not in [act.verb for act in town.store.acts]


async def test_a_code_is_asked_before(town: ConsoleTown):
    mairie, member = await town.mairie(), await put_out(town)
    path = f"/participants/{member.id}/readmettre"
    await mairie.get("/")
    town.clock.advance(LATER)
    assert (await mairie.get(path)).path == "/confirmer"
    assert (await mairie.post(path)).status == 403
    assert town.store.tables.signing_links == {}
    back = await mairie.post("/confirmer", {"code": mairie.code(), "suite": path})
    assert back.path == path
    assert (await mairie.post(path)).status == 200


async def test_the_plain_link_is_not_a_way_round_the_code(town: ConsoleTown):
    mairie, member = await town.mairie(), await put_out(town)
    await state(town, mairie, member)
    refused = await mairie.post(f"/participants/{member.id}/lien")
    assert refused.status == 409
    assert "réadmettez-la d&#39;abord" in refused.text
    assert town.store.tables.signing_links == {}


async def test_only_who_was_put_out_is_readmitted(town: ConsoleTown):
    mairie, member = await town.mairie(), await a_newcomer(town)
    await town.sign(member)
    path = f"/participants/{member.id}/readmettre"
    for page in (await mairie.get(path), await mairie.post(path)):
        assert page.status == 409
        assert "pas été retirée" in page.text
    assert "/readmettre" not in await state(town, mairie, member)


async def test_nobody_of_another_land_nor_of_another_function_readmits(town: ConsoleTown):
    member, stranger = await put_out(town), await town.mairie(MANTES)
    path = f"/participants/{member.id}/readmettre"
    await stranger.get("/")
    for page in (await stranger.get(path), await stranger.post(path)):
        assert page.status == 404
        assert member.name not in page.text
    chief = await town.signed_in(await town.agent(Role.CHEF_DE_QUART))
    auditor = await town.outsider(Position.AUDITOR, LIFFRE)
    for person in (chief, auditor):
        await person.get("/")
        assert (await person.get(path)).status == 403
        assert (await person.post(path)).status == 403
    assert town.store.tables.signing_links == {}
