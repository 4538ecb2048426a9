"""Accounts for people, on a real Synapse: made once, set again, signed out."""

import itertools
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from support.client import Client

from appservice.demo.homeserver import Homeserver
from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.ids import UserId
from appservice.domain.signing import account_name, password_of
from appservice.matrix.api import Api
from appservice.matrix.people import SynapseAccounts

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


async def test_a_homeserver_that_is_down_is_asked_again_later(
    http: aiohttp.ClientSession,
) -> None:
    nowhere = SynapseAccounts(Api(http, "http://127.0.0.1:9", "token"))
    for ask in (nowhere.is_free, nowhere.has_devices):
        with pytest.raises(TemporaryFailure):
            await ask(UserId("@m1:maillage.test"))
