"""Coming in by one's organisation: it says who somebody is, and admits nobody by itself."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import pytest_asyncio
from joserfc.jwk import RSAKey
from support.console import LIFFRE, MANTES, ConsoleTown, Page, Person
from support.openid_provider import CLIENT, SECRET, OpenIdProvider

from appservice.domain.console import Organisation, Position
from appservice.domain.member import Role
from appservice.web.openid.errand import Errand, errand_of
from appservice.web.openid.provider import Provider

DOOR = "/connexion/organisme/liffre"
LOGIN = "claire@liffre.exemple.fr"
OUT = "n&#39;a pas confirmé qui vous êtes"
UNKNOWN = "aucun compte ne vous attend ici"


@pytest_asyncio.fixture
async def sso(town: ConsoleTown) -> AsyncIterator[OpenIdProvider]:
    person = {"email": LOGIN, "email_verified": True, "groups": ["agents", "maillage-mairie"]}
    provider = await OpenIdProvider(town.clock, person).open()
    organisation = Organisation(
        id="liffre",
        name="Mairie de Liffré",
        territory=LIFFRE,
        issuer=provider.issuer,
        client_id=CLIENT,
        secret=SECRET,
        role_claim="groups",
        roles={"maillage-mairie": Position.MAIRIE, "gendarmes": Position.GENDARME},
    )
    async with aiohttp.ClientSession() as http:
        assert town.server is not None
        providers = {"liffre": Provider(organisation, http, town.clock)}
        town.server.desk = replace(town.server.desk, providers=providers)
        await town.server.close()
        await town.server.open("127.0.0.1", int(town.url.rpartition(":")[2]))
        yield provider
    await provider.close()


async def invited(town: ConsoleTown, role: Role = Role.MAIRIE, land: str = LIFFRE) -> Any:
    agent = await town.agent(role, land)
    await town.invitations.invite_member(LOGIN, agent.id)
    return agent


async def leave(person: Person, query: str = "") -> str:
    """Where the console sends the browser."""
    page = await person.get(f"{DOOR}{query}", allow_redirects=False)
    assert page.status == 303, page.text
    return page.headers["Location"]


async def back_from(url: str) -> str:
    """Where the organisation sends it: a path of the console."""
    async with aiohttp.ClientSession() as http, http.get(url, allow_redirects=False) as answer:
        assert answer.status == 302
        return DOOR + answer.headers["Location"].partition(DOOR)[2]


async def come_in(person: Person, query: str = "") -> Page:
    return await person.get(await back_from(await leave(person, query)))


async def test_who_was_invited_comes_in_without_a_password(town: ConsoleTown, sso: OpenIdProvider):
    agent = await invited(town)
    person = town.visitor()
    door = await person.get("/connexion?suite=/participants")
    assert "Passer par Mairie de Liffré" in door.text
    [link] = re.findall(rf'href="({DOOR}[^"]*)"', door.text)
    page = await come_in(person, link.removeprefix(DOOR))
    assert page.path == "/participants"
    assert agent.name in page.text
    acts = [(act.verb, act.actor) for act in town.store.tables.acts.values()]
    assert ("console-in-openid", agent.id) in acts
    [asked] = sso.asked
    assert asked["redirect_uri"] == f"{town.url}{DOOR}/retour"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ({"email": "inconnue@liffre.exemple.fr"}, UNKNOWN),
        ({"email": None}, OUT),
        ({"email": ["claire"]}, OUT),
        ({"email_verified": False}, OUT),
        ({"groups": ["agents"]}, "ne vous donne pas la fonction"),
        ({"groups": "gendarmes"}, "ne vous donne pas la fonction"),
        ({"groups": None}, "ne vous donne pas la fonction"),
        ({"groups": {"maillage-mairie": True}}, "ne vous donne pas la fonction"),
        ({"nonce": "of another day"}, OUT),
        ({"nonce": None}, OUT),
        ({"aud": "another"}, OUT),
        ({"aud": [CLIENT, "another"], "azp": "another"}, OUT),
        ({"iss": "https://exemple.net"}, OUT),
        ({"exp": 1}, OUT),
        ({"exp": None}, OUT),
        ({"sub": None}, OUT),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, OUT),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
async def test_what_is_not_so_lets_nobody_in(
    town: ConsoleTown, sso: OpenIdProvider, lie: dict[str, Any], said: str
):
    await invited(town)
    sso.lie = lie
    person = town.visitor()
    page = await come_in(person)
    assert page.status == 422
    assert said in page.text
    assert town.store.tables.sessions == {}


@pytest.mark.parametrize("alg", ["none", "HS256", "other key"])
async def test_what_the_organisation_did_not_sign_is_not_believed(
    town: ConsoleTown, sso: OpenIdProvider, alg: str
):
    await invited(town)
    if alg == "other key":
        sso.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    else:
        sso.header = {"alg": alg}
    page = await come_in(town.visitor())
    assert page.status == 422
    assert OUT in page.text


async def test_an_organisation_never_speaks_for_another_territory(
    town: ConsoleTown, sso: OpenIdProvider
):
    await invited(town, land=MANTES)
    page = await come_in(town.visitor())
    assert UNKNOWN in page.text
    await town.invitations.invite("audit@exemple.fr", "Dominique", Position.AUDITOR, "")
    sso.lie = {"email": "audit@exemple.fr"}
    assert UNKNOWN in (await come_in(town.visitor())).text, "nor for those of everywhere"


async def test_the_register_says_what_somebody_is_not_their_organisation(
    town: ConsoleTown, sso: OpenIdProvider
):
    """A gendarme whose organisation says « mairie » is not the mairie."""
    await invited(town, Role.GENDARME)
    assert "ne vous donne pas" in (await come_in(town.visitor())).text
    sso.lie = {"groups": ["gendarmes", "maillage-mairie"]}
    person = town.visitor()
    assert (await come_in(person)).path == "/"
    assert (await person.get("/participants")).status == 403


async def test_a_login_given_to_somebody_else_is_not_a_way_in(
    town: ConsoleTown, sso: OpenIdProvider
):
    agent = await invited(town)
    assert (await come_in(town.visitor())).path == "/"
    sso.lie = {"sub": "sub-78"}
    assert UNKNOWN in (await come_in(town.visitor())).text
    await town.invitations.invite_member(LOGIN, agent.id)  # the mairie means the new one
    assert (await come_in(town.visitor())).path == "/"


async def test_an_answer_is_good_once_and_in_the_browser_that_asked(
    town: ConsoleTown, sso: OpenIdProvider
):
    await invited(town)
    person, thief = town.visitor(), town.visitor()
    answer = await back_from(await leave(person))
    assert (await thief.get(answer)).status == 422, "no cookie"
    await leave(thief)
    assert (await thief.get(answer)).status == 422, "another one's"
    assert (await person.get(answer)).path == "/"
    assert (await person.get(answer)).status == 422, "used"
    assert len(town.store.tables.sessions) == 1


@pytest.mark.parametrize(
    "query",
    [
        "", "?error=access_denied&state=x", "?code=&state=x", "?code=a&state=%C3%A9",
        "?code=a&code=b", f"?code={'a' * 3000}&state=x",
    ],
)  # fmt: skip
async def test_an_answer_that_is_none_changes_nothing(
    town: ConsoleTown, sso: OpenIdProvider, query: str
):
    person = town.visitor()
    await leave(person)
    page = await person.get(f"{DOOR}/retour{query}")
    assert page.status == 422
    assert OUT in page.text


async def test_an_answer_of_another_provider_is_refused(town: ConsoleTown, sso: OpenIdProvider):
    """RFC 9207: mixed-up providers."""
    await invited(town)
    person = town.visitor()
    answer = await back_from(await leave(person))
    page = await person.get(re.sub("iss=[^&]*", "iss=https://exemple.net", answer))
    assert OUT in page.text


@pytest.mark.parametrize(
    "suite", ["https://exemple.net/", "//exemple.net", "/\\exemple.net", "/a%0d%0aX-Injected:%20b"]
)
async def test_nobody_is_sent_elsewhere_afterwards(
    town: ConsoleTown, sso: OpenIdProvider, suite: str
):
    await invited(town)
    person = town.visitor()
    page = await person.get(
        await back_from(await leave(person, f"?suite={suite}")), allow_redirects=False
    )
    assert page.status == 303
    assert page.headers["Location"] == "/"


async def test_a_dangerous_act_asks_the_organisation_for_a_new_proof(
    town: ConsoleTown, sso: OpenIdProvider
):
    await invited(town)
    person = town.visitor()
    await come_in(person)
    town.clock.advance(timedelta(minutes=10))
    page = await person.get("/participants.csv")
    assert page.path == "/confirmer"
    assert "Passer par Mairie de Liffré" in page.text
    again = await leave(person, "?preuve=1&suite=/participants.csv")
    wanted = parse_qs(urlsplit(again).query)
    assert wanted["prompt"] == ["login"]
    assert wanted["max_age"] == ["0"]
    sso.lie = {"auth_time": int((town.clock() - timedelta(hours=1)).timestamp())}
    assert OUT in (await person.get(await back_from(again))).text, "an old proof is none"
    sso.lie = {}
    page = await come_in(person, "?preuve=1&suite=/participants.csv")
    assert page.headers["Content-Type"].startswith("text/csv")
    assert len(town.store.tables.sessions) == 1, "the former session is closed"


async def test_without_a_time_of_proof_a_dangerous_act_is_not_done(
    town: ConsoleTown, sso: OpenIdProvider
):
    await invited(town)
    sso.lie = {"auth_time": None}
    person = town.visitor()
    await come_in(person)
    assert (await person.get("/participants.csv")).path == "/confirmer"


async def test_keys_that_turned_over_are_asked_for_again(
    town: ConsoleTown, sso: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
):
    await invited(town)
    await come_in(town.visitor())
    sso.key, sso.header = RSAKey.generate_key(2048, {"kid": "two"}), {"kid": "two"}
    assert OUT in (await come_in(town.visitor())).text, "asked a moment ago: not in a loop"
    monkeypatch.setattr("appservice.web.openid.provider._KEYS_ASKED_EVERY", -1.0)
    assert (await come_in(town.visitor())).path == "/"


async def test_what_only_userinfo_says_is_read_there(town: ConsoleTown, sso: OpenIdProvider):
    await invited(town)
    sso.userinfo = {"sub": "sub-77", **sso.person}
    sso.person = {}
    assert (await come_in(town.visitor())).path == "/"
    sso.userinfo["sub"] = "somebody else"
    assert OUT in (await come_in(town.visitor())).text


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://exemple.net"},
        {"token_endpoint": "http://exemple.net/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
    ],
)
async def test_a_provider_that_is_not_what_was_configured_is_not_asked(
    town: ConsoleTown, sso: OpenIdProvider, metadata: dict[str, Any]
):
    sso.metadata = metadata
    page = await town.visitor().get(DOOR, allow_redirects=False)
    assert page.status == 503
    assert "ne répond pas" in page.text


async def test_a_provider_that_is_down_is_said_and_passwords_still_work(
    town: ConsoleTown, sso: OpenIdProvider
):
    sso.down = True
    page = await town.visitor().get(DOOR)
    assert page.status == 503
    assert (await (await town.mairie()).get("/")).path == "/"


async def test_an_organisation_that_is_not_configured_does_not_exist(town: ConsoleTown):
    assert (await town.visitor().get(DOOR)).status == 404
    assert (await town.visitor().get(f"{DOOR}/retour?code=a&state=b")).status == 404


@pytest.mark.parametrize("cookie", ["", "a.b", ".0./", "x" * 40, "x" * 40 + ".2./"])
def test_a_cookie_that_holds_no_errand(cookie: str):
    assert errand_of(cookie) is None


def test_an_errand_comes_back_as_it_left():
    errand = Errand("x" * 44, "/participants?q=é.1", fresh=True)
    assert errand_of(errand.cookie) == errand
    assert Errand("y" * 44, "/").state != errand.state
