"""The service is killed while an account is made or linked: nothing is lost, nothing doubled."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from support.arrival import Keys, keys_on
from support.console import Page, Person
from support.fault_stage import PATIENCE, Town
from support.first_steps import Door, insists, is_cut_off, signed, signing_link

from appservice.app import open_office
from appservice.demo.child import wait_until
from appservice.demo.homeserver import Account, HomeserverFailed
from appservice.demo.people import BRETAGNE
from appservice.domain.audit import Question
from appservice.domain.room import Kind
from appservice.files.config import load_config

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest_asyncio.fixture(loop_scope="session")
async def person(town: Town) -> AsyncIterator[Person]:
    visitor = Person(Door(town.stage.console_url))  # type: ignore[arg-type] # all that it asks of a town
    yield visitor
    await visitor.close()


async def newly_signed(town: Town, person: Person, name: str, shop: str, number: str) -> str:
    link = await signing_link(town.cast, name, shop, number)
    return await signed(town.stage, person, link, name, number)


def shown_on(page: Page) -> Keys:
    keys = keys_on(page)
    assert keys is not None, page.text
    return keys


async def acts(town: Town, number: str) -> list[str]:
    """What the audit says of that person."""
    async with (
        open_office(load_config(town.stage.config)) as office,
        office.store.transaction() as tx,
    ):
        member = next(one for one in await tx.members.everyone() if one.phone == number)
        entries = await tx.acts.read(Question(subject=member.id), 100)
    return [entry.act.verb for entry in entries if entry.act is not None]


@pytest.mark.parametrize(
    ("point", "number"),
    [
        ("after account give", "+33639980181"),
        ("before commit account.make", "+33639980182"),
        ("after commit account.make", "+33639980183"),
    ],
)
async def test_an_account_that_was_being_made_is_found_again(
    town: Town, person: Person, point: str, number: str
) -> None:
    path = await newly_signed(town, person, "Odile Ferrand", f"Civette {number[-3:]}", number)
    town.stage.order(point)
    await is_cut_off(person, path)
    await town.stage.dies_at(point)
    await town.stage.restart_service()
    keys = shown_on(await insists(person, path))
    assert shown_on(await person.get(path)) == keys
    account = await town.stage.homeserver.login(keys.user, keys.password)
    assert account.mxid == keys.user
    reserved = await town.stage.query(
        "SELECT DISTINCT account FROM arrivals WHERE account IS NOT NULL AND member = "
        "(SELECT id FROM members WHERE mxid = $1)",
        keys.user,
    )
    assert [row["account"] for row in reserved] == [keys.user], "one account, and no other name"
    assert (await acts(town, number)).count("account.make") == 1


async def invitations(town: Town, account: Account) -> dict[str, str]:
    """Rooms that this account is invited to, and their names."""
    homeserver = town.stage.homeserver
    headers = {"Authorization": f"Bearer {account.access_token}"}
    town.written += 1  # Synapse keeps its answer to the same question for two minutes
    wish = json.dumps({"room": {"timeline": {"limit": town.written}}})
    url = f"{homeserver.url}/_matrix/client/v3/sync"
    async with (
        aiohttp.ClientSession() as http,
        http.get(url, params={"filter": wish}, headers=headers) as answer,
    ):
        seen: dict[str, Any] = await answer.json()
    found = {}
    for room, invited in seen.get("rooms", {}).get("invite", {}).items():
        events = invited["invite_state"]["events"]
        found[room] = next(e["content"]["name"] for e in events if e["type"] == "m.room.name")
    return found


async def code_for(town: Town, account: Account) -> str:
    names = (await invitations(town, account)).values()
    [code] = [name.partition(" : ")[2] for name in names if name.startswith("Maillage : ")]
    return code


@pytest.mark.parametrize(
    ("point", "number"),
    [
        ("after introduction invite", "+33639980184"),
        ("before commit account.link", "+33639980185"),
        ("after commit account.link", "+33639980186"),
    ],
)
async def test_an_account_of_one_s_own_is_linked_once_whoever_dies(
    town: Town, person: Person, point: str, number: str
) -> None:
    stage, name = town.stage, f"ancien{number[-3:]}"
    theirs = await stage.homeserver.register_user(name, "leur-mot-de-passe")
    path = await newly_signed(town, person, "Yann Ollivier", f"Civette {number[-3:]}", number)
    ours = shown_on(await person.get(path))
    ask = {"act": "ask", "mxid": name}
    if point == "after introduction invite":
        stage.order(point)
        await is_cut_off(person, f"{path}/compte", ask)
        await stage.dies_at(point)
        await stage.restart_service()
        await insists(person, f"{path}/compte", ask)
        prove = {"act": "prove", "code": await code_for(town, theirs)}
    else:
        await person.post(f"{path}/compte", ask)
        prove = {"act": "prove", "code": await code_for(town, theirs)}
        stage.order(point)
        await is_cut_off(person, f"{path}/compte", prove)
        await stage.dies_at(point)
        await stage.restart_service()
    again = await insists(person, f"{path}/compte", prove)
    assert again.status == (409 if point == "after commit account.link" else 200)
    assert f"Votre compte : {theirs.mxid}" in (await person.get(path)).text
    assert (await acts(town, number)).count("account.link") == 1

    alerts = town.cast.scenery.room(Kind.ALERTES, BRETAGNE, "buralistes")

    async def invited() -> bool:
        found = await invitations(town, theirs)
        return alerts in found and not any(n.startswith("Maillage : ") for n in found.values())

    await wait_until(invited, "L'invitation aux alertes, et elle seule", PATIENCE, 0.5)

    async def closed() -> bool:
        try:
            await stage.homeserver.login(ours.user, ours.password)
        except HomeserverFailed:
            return True
        return False

    await wait_until(closed, "La fermeture du compte de Maillage", PATIENCE, 0.5)
