"""Taking a participation away: by the mairie, of its own people, with a code, once."""

from datetime import timedelta

from support.console import LIFFRE, MANTES, ConsoleTown, Person

from appservice.domain.member import Role

LATER = timedelta(minutes=6)  # than a code given at the door


async def confirmed(town: ConsoleTown, person: Person) -> None:
    town.clock.advance(timedelta(seconds=30))
    await person.get("/confirmer")
    await person.post("/confirmer", {"code": person.code(), "suite": "/"})


async def test_a_mairie_removes_a_member_who_is_out_at_once(town: ConsoleTown):
    mairie, agent = await town.mairie(), await town.agent(Role.GENDARME)
    gendarme = await town.signed_in(agent)
    path = f"/participants/{agent.id}"
    page = await mairie.get(path)
    assert f'href="{path}/retirer"' in page.text
    await mairie.get(f"{path}/retirer")
    done = await mairie.post(f"{path}/retirer")
    assert done.status == 200
    assert "Salons et groupes quittés : 3." in done.text
    assert town.left == [agent.id]
    act = town.store.acts[-1]
    assert (act.verb, act.subject) == ("revoke", agent.id)
    assert act.actor != "operator"
    assert "La participation a été retirée" in (await gendarme.get("/")).text
    assert "retirer" not in (await mairie.get(path)).text


async def test_removing_twice_is_removing_once(town: ConsoleTown):
    mairie, agent = await town.mairie(), await town.agent(Role.GENDARME)
    path = f"/participants/{agent.id}/retirer"
    await mairie.get(path)
    await mairie.post(path)
    again = await mairie.post(path)
    assert again.status == 409
    assert "pas de participation à retirer" in again.text
    assert town.left == [agent.id]


async def test_a_code_is_asked_before_and_the_page_comes_back(town: ConsoleTown):
    mairie, agent = await town.mairie(), await town.agent(Role.GENDARME)
    path = f"/participants/{agent.id}/retirer"
    await mairie.get("/")
    town.clock.advance(LATER)
    asked = await mairie.get(path)
    assert asked.path == "/confirmer"
    assert f'name="suite" value="{path}"' in asked.text
    refused = await mairie.post(path)
    assert refused.status == 403
    assert "confirmer d&#39;abord" in refused.text
    back = await mairie.post("/confirmer", {"code": mairie.code(), "suite": path})
    assert back.path == path
    assert town.left == []
    assert (await mairie.post(path)).status == 200
    assert town.left == [agent.id]


async def test_nobody_is_removed_from_another_land(town: ConsoleTown):
    agent, stranger = await town.agent(Role.GENDARME, LIFFRE), await town.mairie(MANTES)
    await stranger.get("/")
    for path in (f"/participants/{agent.id}", f"/participants/{agent.id}/retirer"):
        page = await stranger.get(path)
        assert page.status == 404
        assert agent.name not in page.text
    assert (await stranger.post(f"/participants/{agent.id}/retirer")).status == 404
    assert town.left == []


async def test_a_mairie_does_not_remove_itself_nor_who_never_signed(town: ConsoleTown):
    member = await town.agent(Role.MAIRIE)
    mairie = await town.signed_in(member)
    await mairie.get("/")
    assert (await mairie.post(f"/participants/{member.id}/retirer")).status == 403
    newcomer = await town.agent(Role.GENDARME, signed=False)
    assert (await mairie.post(f"/participants/{newcomer.id}/retirer")).status == 409
    assert town.left == []


async def test_only_the_mairie_removes(town: ConsoleTown):
    agent = await town.agent(Role.GENDARME)
    chief = await town.signed_in(await town.agent(Role.CHEF_DE_QUART))
    await chief.get("/")
    assert (await chief.get(f"/participants/{agent.id}")).status == 403
    assert (await chief.post(f"/participants/{agent.id}/retirer")).status == 403
    await confirmed(town, chief)
    assert (await chief.post(f"/participants/{agent.id}/retirer")).status == 403
    assert town.left == []
