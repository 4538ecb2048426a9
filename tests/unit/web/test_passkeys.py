"""Passkeys: what a device signs is good once, now, for this site, and with its owner there."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import pytest_asyncio
from support.authenticator import PRESENT, Authenticator
from support.console import ConsoleTown, Page, Person
from support.memory_store import MemoryStore
from support.store_builders import HandClock, counted_ids

from appservice.domain.console.passkey import CHALLENGE_LASTS, MOST, challenge_at, is_of_now
from appservice.domain.member import Role
from appservice.domain.world import World

DOOR = "/connexion/cle"
REFUSED = "n&#39;a pas été reconnue"


@pytest_asyncio.fixture
async def town(world: World) -> AsyncIterator[ConsoleTown]:
    """Browsers make no passkeys for an address without a name."""
    clock = HandClock()
    made = ConsoleTown(MemoryStore(clock), clock, counted_ids(), world, host="localhost")
    yield await made.open()
    await made.close()


def options_of(page: Page) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]*)"', page.text)
    assert found is not None, page.text
    options: dict[str, Any] = json.loads(unescape(found[1]))
    return options


def device(town: ConsoleTown) -> Authenticator:
    return Authenticator(town.url, "localhost")


async def with_key(town: ConsoleTown, person: Person, **changes: Any) -> Authenticator:
    key = replace(device(town), **changes)
    page = await add(person, key)
    assert page.path == "/cles", page.text
    assert page.status == 200, page.text
    return key


async def add(person: Person, key: Authenticator, name: str = "Mon téléphone") -> Page:
    options = options_of(await person.get("/cles"))
    return await person.post("/cles", {"answer": key.makes(options), "name": name})


async def come_in(person: Person, key: Authenticator, suite: str = "/") -> Page:
    options = options_of(await person.get(DOOR))
    return await person.post(DOOR, {"answer": key.signs(options), "suite": suite})


async def test_a_key_that_was_added_is_a_way_in(town: ConsoleTown):
    agent = await town.agent(Role.MAIRIE)
    key = await with_key(town, await town.signed_in(agent))
    page = await come_in(town.visitor(), key, "/participants")
    assert page.path == "/participants"
    assert agent.name in page.text
    acts = [(act.verb, act.actor) for act in town.store.tables.acts.values()]
    assert ("console-passkey-add", agent.id) in acts
    assert ("console-in-passkey", agent.id) in acts


async def test_what_is_asked_of_a_device(town: ConsoleTown):
    person = await town.mairie()
    made = options_of(await person.get("/cles"))
    assert made["rp"]["id"] == "localhost"
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    await with_key(town, person)
    assert len(options_of(await person.get("/cles"))["excludeCredentials"]) == 1
    asked = options_of(await town.visitor().get(DOOR))
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials"), "nothing says who has an account"


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://exemple.net"},
        {"site": "exemple.net"},
        {"flags": PRESENT},
        {"flags": 0},
    ],
    ids=["other origin", "other site", "owner not verified", "nobody there"],
)
async def test_a_key_of_elsewhere_or_without_its_owner_is_refused(
    town: ConsoleTown, changes: dict[str, Any]
):
    person = await town.mairie()
    page = await add(person, replace(device(town), **changes))
    assert page.status == 422
    assert REFUSED in page.text
    key = await with_key(town, person)
    page = await come_in(town.visitor(), replace(key, **changes))
    assert page.status == 422
    assert REFUSED in page.text


async def test_an_answer_is_taken_once(town: ConsoleTown):
    key = await with_key(town, await town.mairie())
    person = town.visitor()
    options = options_of(await person.get(DOOR))
    cookie = next(c for c in person._http.cookie_jar if c.key == "maillage-cle").value
    answer = key.signs(options)
    assert (await person.post(DOOR, {"answer": answer})).path == "/"
    thief = town.visitor()
    replayed = {"Cookie": f"maillage-cle={cookie}"}
    page = await thief.post(DOOR, {"answer": answer}, headers=replayed)
    assert page.status == 422, "with the cookie too"
    page = await thief.post(DOOR, {"answer": key.signs(options)}, headers=replayed)
    assert page.status == 422, "one answer a question"


async def test_of_two_hands_with_one_answer_one_comes_in(town: ConsoleTown):
    key = await with_key(town, await town.mairie())
    person = town.visitor()
    before = len(town.store.tables.sessions)
    answer = key.signs(options_of(await person.get(DOOR)))
    pages = await asyncio.gather(*(person.post(DOOR, {"answer": answer}) for _ in range(4)))
    assert sorted(page.status for page in pages) == [200, 422, 422, 422]
    assert len(town.store.tables.sessions) == before + 1


async def test_an_answer_too_late_or_to_another_question_is_refused(town: ConsoleTown):
    key = await with_key(town, await town.mairie())
    person = town.visitor()
    options = options_of(await person.get(DOOR))
    town.clock.advance(CHALLENGE_LASTS)
    assert (await person.post(DOOR, {"answer": key.signs(options)})).status == 422
    other = options_of(await town.visitor().get(DOOR))
    await person.get(DOOR)
    assert (await person.post(DOOR, {"answer": key.signs(other)})).status == 422


async def test_a_copied_key_is_noticed_by_its_count(town: ConsoleTown):
    key = await with_key(town, await town.mairie(), count=10)
    copy = replace(key)
    assert (await come_in(town.visitor(), key)).path == "/"
    assert (await come_in(town.visitor(), key)).path == "/"
    assert (await come_in(town.visitor(), copy)).status == 422


HOLLOW = {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}


@pytest.mark.parametrize(
    "answer",
    [
        *("", "{}", "[]", "null", "{", '{"id": 1}', '{"id": "a", "response": {}}', '{"id": "é"}'),
        json.dumps({"id": "YQ", "rawId": "YQ", "type": "public-key", "response": HOLLOW}),
    ],
)
async def test_an_answer_that_is_none_is_refused(town: ConsoleTown, answer: str):
    person = town.visitor()
    await person.get(DOOR)
    assert (await person.post(DOOR, {"answer": answer})).status == 422
    assert (await town.visitor().post(DOOR, {"answer": answer})).status == 422, "never asked"
    owner = await town.mairie()
    await owner.get("/cles")
    assert (await owner.post("/cles", {"answer": answer})).status == 422


async def test_a_key_is_its_owner_s_alone(town: ConsoleTown):
    one, other = await town.mairie(), await town.mairie()
    key = await with_key(town, one)
    assert (await add(other, key)).status == 422, "known already"
    [named] = re.findall(r"/cles/(\w+)/retirer", (await one.get("/cles")).text)
    await other.get("/cles")
    await other.post(f"/cles/{named}/retirer")
    assert (await come_in(town.visitor(), key)).path == "/", "not another's to remove"
    await one.get("/cles")
    await one.post(f"/cles/{named}/retirer")
    assert (await one.post(f"/cles/{named}/retirer")).path == "/cles", "twice is once"
    assert (await come_in(town.visitor(), key)).status == 422


async def test_a_new_invitation_ends_former_keys(town: ConsoleTown):
    """A lost phone holds one."""
    agent = await town.agent(Role.MAIRIE)
    key = await with_key(town, await town.signed_in(agent))
    await town.signed_in(agent)
    assert (await come_in(town.visitor(), key)).status == 422


async def test_who_was_put_out_has_no_right_left(town: ConsoleTown):
    agent = await town.agent(Role.MAIRIE)
    key = await with_key(town, await town.signed_in(agent))
    async with town.store.transaction() as tx:
        await tx.signatures.revoke(agent.id, town.clock())
    person = town.visitor()
    await come_in(person, key)
    assert (await person.get("/participants")).status == 403


async def test_keys_are_added_after_a_code_only_and_are_few(town: ConsoleTown):
    person = await town.mairie()
    for number in range(MOST):
        await with_key(town, person, id=bytes([number]) * 32)
    page = await add(person, device(town))
    assert "Dix clés" in page.text
    town.clock.advance(timedelta(minutes=10))
    assert (await person.get("/cles")).path == "/confirmer"


async def test_a_key_confirms_a_dangerous_act(town: ConsoleTown):
    person = await town.mairie()
    key = await with_key(town, person)
    town.clock.advance(timedelta(minutes=10))
    page = await person.get("/participants.csv")
    assert page.path == "/confirmer"
    assert "/connexion/cle?suite=/participants.csv" in page.text
    page = await come_in(person, key, "/participants.csv")
    assert page.headers["Content-Type"].startswith("text/csv")


async def test_a_name_is_shown_as_text(town: ConsoleTown):
    page = await add(await town.mairie(), device(town), "<b>moi</b>")
    assert "&lt;b&gt;moi" in page.text


def test_a_challenge_is_of_its_browser_and_of_its_time():
    now = HandClock()()
    challenge = challenge_at("secret", now)
    assert challenge != challenge_at("autre", now)
    assert is_of_now(challenge, now + CHALLENGE_LASTS - timedelta(seconds=2))
    assert not is_of_now(challenge, now + CHALLENGE_LASTS)
    assert not is_of_now(challenge, now - timedelta(minutes=1))
