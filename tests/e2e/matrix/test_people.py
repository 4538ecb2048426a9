"""Accounts for people, on a real Synapse: made once, set again, signed out."""

import itertools
import json
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from support.client import Client

from appservice.demo.child import wait_until
from appservice.demo.homeserver import Homeserver
from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.ids import UserId
from appservice.domain.signing import account_name, password_of
from appservice.matrix.api import Api
from appservice.matrix.people import SynapseAccounts, SynapseIntroductions

pytestmark = pytest.mark.e2e

_numbers = itertools.count()


def somebody(homeserver: Homeserver) -> UserId:
    name = account_name(f"{homeserver.url}{next(_numbers)}")
    return UserId(f"@{name}:{homeserver.plan.server_name}")


@pytest.fixture
async def accounts(
    homeserver: Homeserver,
    http: aiohttp.ClientSession,
    make_account: Callable[..., Awaitable[Client]],
) -> SynapseAccounts:
    admin = await make_account("comptes", admin=True)
    return SynapseAccounts(Api(http, homeserver.url, admin.token))


async def signs_in(
    http: aiohttp.ClientSession, homeserver: Homeserver, user: UserId, password: str
) -> int:
    wish = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user},
        "password": password,
    }
    url = f"{homeserver.url}/_matrix/client/v3/login"
    async with http.post(url, json=wish) as answer:
        return answer.status


async def test_an_account_is_made_found_again_and_given_another_password(
    homeserver: Homeserver, http: aiohttp.ClientSession, accounts: SynapseAccounts
) -> None:
    user = somebody(homeserver)
    first, second = password_of("one", user), password_of("two", user)
    assert await accounts.is_free(user)
    for _ in range(2):  # whoever died after the first time asks again
        await accounts.give(user, first, "Tabac de la Halle")
    assert not await accounts.is_free(user)
    assert not await accounts.has_devices(user)
    assert await signs_in(http, homeserver, user, first) == 200
    assert await accounts.has_devices(user)
    await accounts.give(user, second, "Tabac de la Halle")
    assert not await accounts.has_devices(user), "every telephone is signed out"
    assert await signs_in(http, homeserver, user, first) == 403
    assert await signs_in(http, homeserver, user, second) == 200


async def test_who_is_no_administrator_makes_nobody(
    homeserver: Homeserver,
    http: aiohttp.ClientSession,
    bot: Client,
    make_account: Callable[..., Awaitable[Client]],
) -> None:
    """Neither a person, nor the service's own token: it can't take anybody's account."""
    person, user = await make_account(), somebody(homeserver)
    tries = [
        Api(http, homeserver.url, person.token),
        Api(http, homeserver.url, homeserver.as_token, homeserver.bot),
        Api(http, homeserver.url, "nothing"),
    ]
    for api in tries:
        with pytest.raises(PermanentFailure, match=r"M_FORBIDDEN|M_UNKNOWN_TOKEN"):
            await SynapseAccounts(api).give(user, "motdepasse-motdepasse", "X")


async def test_the_service_can_t_speak_as_those_whom_it_made(
    homeserver: Homeserver, http: aiohttp.ClientSession, accounts: SynapseAccounts, bot: Client
) -> None:
    """They are outside its namespace: no session of theirs is ever opened in their name."""
    user = somebody(homeserver)
    await accounts.give(user, password_of("one", user), "Tabac de la Halle")
    url = f"{homeserver.url}/_matrix/client/v3/login"
    wish = {
        "type": "m.login.application_service",
        "identifier": {"type": "m.id.user", "user": user},
    }
    headers = {"Authorization": f"Bearer {homeserver.as_token}"}
    async with http.post(url, json=wish, headers=headers) as answer:
        assert answer.status == 403
    who = f"{homeserver.url}/_matrix/client/v3/account/whoami"
    async with http.get(who, params={"user_id": user}, headers=headers) as answer:
        assert answer.status == 403


async def test_an_account_that_is_closed_lets_nobody_in_again(
    homeserver: Homeserver, http: aiohttp.ClientSession, accounts: SynapseAccounts, bot: Client
) -> None:
    user = somebody(homeserver)
    password = password_of("one", user)
    await accounts.give(user, password, "Tabac de la Halle")
    assert await signs_in(http, homeserver, user, password) == 200
    room = (await bot.create_room(invite=[user]))["room_id"]
    for _ in range(2):  # whoever died after the first time asks again
        await accounts.close(user)
    assert await signs_in(http, homeserver, user, password) == 403
    assert not await accounts.has_devices(user)
    assert not await accounts.is_free(user), "nobody else ever gets that name"

    async def gone() -> bool:  # Synapse leaves rooms in its own time
        member = await bot.state(room, "m.room.member", user)
        return member.ok and bool(member["membership"] == "leave")

    await wait_until(gone, "The closed account to leave its rooms", 20)
    await accounts.close(somebody(homeserver))


async def invitations(person: Client) -> dict[str, str]:
    """The name of each room that they are invited to, as Element lists them."""
    # Synapse keeps its answer to the same question for two minutes.
    another = json.dumps({"room": {"timeline": {"limit": 1 + next(_numbers)}}})
    answer = await person.request("GET", "/sync", params={"timeout": "0", "filter": another})
    found = {}
    for room, seen in answer.body.get("rooms", {}).get("invite", {}).items():
        events = seen["invite_state"]["events"]
        names = [event["content"]["name"] for event in events if event["type"] == "m.room.name"]
        found[room] = names[0] if names else ""
    return found


async def test_an_account_reads_a_code_in_its_invitations_and_they_go_away(
    homeserver: Homeserver,
    http: aiohttp.ClientSession,
    bot: Client,
    make_account: Callable[..., Awaitable[Client]],
) -> None:
    person, other = await make_account(), await make_account()
    api = Api(http, homeserver.url, homeserver.as_token, homeserver.bot)
    introductions = SynapseIntroductions(api, homeserver.plan.server_name)
    key = f"cle{next(_numbers)}"
    for code in ("123 456", "654 321"):  # asked for again: the former one is taken back
        await introductions.invite(key, UserId(person.mxid), f"Maillage : {code}")
        shown = await invitations(person)
        assert list(shown.values()) == [f"Maillage : {code}"]
    [room] = shown
    assert await invitations(other) == {}
    assert (await person.join(room)).ok, "some accept all the same"
    assert not (await person.say(room, "bonjour")).ok, "there is nothing to say there"
    assert not (await person.invite(room, other.mxid)).ok
    for _ in range(2):
        await introductions.withdraw(key)
    assert await invitations(person) == {}
    joined = await person.request("GET", "/joined_rooms")
    assert room not in joined["joined_rooms"]
    rooms = await bot.request("GET", "/joined_rooms")
    assert room not in rooms["joined_rooms"]
    await introductions.withdraw("jamais")


async def test_a_homeserver_that_is_down_is_asked_again_later(
    http: aiohttp.ClientSession,
) -> None:
    nowhere = SynapseAccounts(Api(http, "http://127.0.0.1:9", "token"))
    for ask in (nowhere.is_free, nowhere.has_devices, nowhere.close):
        with pytest.raises(TemporaryFailure):
            await ask(UserId("@m1:maillage.test"))
    silent = SynapseIntroductions(Api(http, "http://127.0.0.1:9", "token"), "maillage.test")
    with pytest.raises(TemporaryFailure):
        await silent.invite("a", UserId("@m1:maillage.test"), "Maillage : 123 456")
