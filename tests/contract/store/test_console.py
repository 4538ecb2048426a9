"""Accounts, invitations, sessions and counted tries, in memory and in PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from support.store_builders import NOON, a_merchant

from appservice.domain.console import Account, AccountId, Credential, Invitation, Opened, Position
from appservice.domain.console.account import SESSION_LASTS
from appservice.domain.console.passkey import Passkey
from appservice.domain.ids import MemberId
from appservice.domain.member import Role

HOUR = timedelta(hours=1)
ACCOUNT = AccountId("c1")


def an_account(**changes: Any) -> Account:
    account = Account(ACCOUNT, "audit@exemple.fr", "Dominique", Position.AUDITOR, "liffre")
    return replace(account, **changes)


def a_session(name: str = "s1", **changes: Any) -> Opened:
    return replace(Opened(name.encode() * 16, ACCOUNT, NOON, NOON, NOON), **changes)


async def save(store: Any, account: Account | None = None) -> None:
    async with store.transaction() as tx:
        await tx.console.accounts.save(account or an_account())


async def test_an_account_comes_back_whole(store):
    await save(store)
    async with store.transaction() as tx:
        assert await tx.console.accounts.get(ACCOUNT) == an_account()
        assert await tx.console.accounts.at("audit@exemple.fr") == an_account()
        assert await tx.console.accounts.at("autre@exemple.fr") is None
        assert await tx.console.accounts.get(AccountId("absent")) is None


async def test_a_member_has_one_account(store):
    member = a_merchant("g1", role=Role.GENDARME)
    account = an_account(member=MemberId("g1"), position=Position.GENDARME)
    async with store.transaction() as tx:
        await tx.members.save(member)
        await tx.console.accounts.save(account)
        assert await tx.console.accounts.of_member(MemberId("g1")) == account
        assert await tx.console.accounts.of_member(MemberId("g2")) is None


async def test_saving_an_account_again_leaves_its_credential(store):
    await save(store)
    credential = Credential("hash", "SECRET", 7)
    async with store.transaction() as tx:
        await tx.console.accounts.renew(ACCOUNT, credential)
        await tx.console.accounts.save(an_account(login="nouveau@exemple.fr", name="Camille"))
    async with store.transaction() as tx:
        found = await tx.console.accounts.at("nouveau@exemple.fr")
        assert found == an_account(
            login="nouveau@exemple.fr", name="Camille", credential=credential
        )
        assert await tx.console.accounts.at("audit@exemple.fr") is None


async def test_a_step_is_used_once_and_never_backwards(store):
    await save(store)
    async with store.transaction() as tx:
        await tx.console.accounts.renew(ACCOUNT, Credential("hash", "SECRET", 7))
        assert not await tx.console.accounts.use_step(ACCOUNT, 7)
        assert await tx.console.accounts.use_step(ACCOUNT, 9)
        assert not await tx.console.accounts.use_step(ACCOUNT, 9)
        assert not await tx.console.accounts.use_step(ACCOUNT, 8)


async def test_an_invitation_is_used_once(store):
    await save(store)
    invitation = Invitation(b"d" * 32, ACCOUNT, "SECRET", NOON + HOUR)
    async with store.transaction() as tx:
        await tx.console.invitations.add(invitation)
        assert await tx.console.invitations.get(b"d" * 32, NOON) == invitation
        assert await tx.console.invitations.get(b"d" * 32, NOON + HOUR) is None
        assert await tx.console.invitations.get(b"e" * 32, NOON) is None

    async def use() -> bool:
        async with store.transaction() as tx:
            return bool(await tx.console.invitations.use(b"d" * 32, NOON))

    assert sorted(await asyncio.gather(*(use() for _ in range(4)))) == [False, False, False, True]
    async with store.transaction() as tx:
        assert await tx.console.invitations.get(b"d" * 32, NOON) is None


async def test_an_invitation_that_has_ended_is_not_used(store):
    await save(store)
    async with store.transaction() as tx:
        await tx.console.invitations.add(Invitation(b"d" * 32, ACCOUNT, "SECRET", NOON))
        assert not await tx.console.invitations.use(b"d" * 32, NOON)


async def test_a_new_invitation_replaces_the_account_s_former_one_only(store):
    await save(store)
    await save(store, an_account(id=AccountId("c2"), login="autre"))
    async with store.transaction() as tx:
        await tx.console.invitations.add(Invitation(b"o" * 32, AccountId("c2"), "S", NOON + HOUR))
        await tx.console.invitations.add(Invitation(b"d" * 32, ACCOUNT, "S", NOON + HOUR))
        await tx.console.invitations.add(Invitation(b"e" * 32, ACCOUNT, "S", NOON + HOUR))
        assert await tx.console.invitations.get(b"d" * 32, NOON) is None
        assert await tx.console.invitations.get(b"e" * 32, NOON) is not None
        assert await tx.console.invitations.get(b"o" * 32, NOON) is not None


async def test_a_session_is_seen_confirmed_and_closed(store):
    await save(store)
    first, second = a_session("s1"), a_session("s2")
    async with store.transaction() as tx:
        await tx.console.sessions.open(first)
        await tx.console.sessions.open(second)
        await tx.console.sessions.seen(first.digest, NOON + HOUR)
        await tx.console.sessions.confirmed(second.digest, NOON + HOUR)
        assert await tx.console.sessions.get(first.digest) == replace(first, seen=NOON + HOUR)
        assert await tx.console.sessions.get(second.digest) == replace(
            second, confirmed=NOON + HOUR
        )
        await tx.console.sessions.close(first.digest)
        assert await tx.console.sessions.get(first.digest) is None
        await tx.console.sessions.close_all(ACCOUNT)
        assert await tx.console.sessions.get(second.digest) is None


async def test_sessions_that_are_over_leave_when_another_opens(store):
    await save(store)
    late = NOON + SESSION_LASTS + HOUR
    async with store.transaction() as tx:
        await tx.console.sessions.open(a_session("s1"))
        await tx.console.sessions.open(a_session("s2", since=late))
        assert await tx.console.sessions.get(b"s1" * 16) is None


async def test_tries_are_counted_since_the_first_one(store):
    async with store.transaction() as tx:
        count = tx.console.attempts.count
        assert await count("a", NOON, HOUR) == 1
        assert await count("a", NOON + HOUR / 2, HOUR) == 2
        assert await count("b", NOON + HOUR / 2, HOUR) == 1
        assert await count("a", NOON + HOUR, HOUR) == 1
        await tx.console.attempts.forget("a")
        assert await count("a", NOON + HOUR, HOUR) == 1


async def test_tries_at_the_same_time_all_count(store):
    async def attempt() -> int:
        async with store.transaction() as tx:
            return int(await tx.console.attempts.count("a", NOON, HOUR))

    assert sorted(await asyncio.gather(*(attempt() for _ in range(6)))) == [1, 2, 3, 4, 5, 6]


async def test_a_subject_is_one_account_s_until_it_is_forgotten(store):
    await save(store)
    other = AccountId("c2")
    await save(store, an_account(id=other, login="autre@exemple.fr"))
    async with store.transaction() as tx:
        subjects = tx.console.subjects
        assert await subjects.bind(ACCOUNT, "https://sso.exemple.fr", "s-1")
        assert await subjects.bind(ACCOUNT, "https://sso.exemple.fr", "s-1"), "still theirs"
        assert not await subjects.bind(ACCOUNT, "https://sso.exemple.fr", "s-2")
        assert not await subjects.bind(ACCOUNT, "https://autre.exemple.fr", "s-1")
        assert not await subjects.bind(other, "https://sso.exemple.fr", "s-1")
        await subjects.forget(ACCOUNT)
        assert await subjects.bind(other, "https://sso.exemple.fr", "s-1")


def a_key(key: bytes = b"k1", **changes: Any) -> Passkey:
    return replace(Passkey(key, ACCOUNT, b"cose", "Mon téléphone", NOON), **changes)


async def test_a_passkey_comes_back_whole_and_counts(store):
    await save(store)
    async with store.transaction() as tx:
        keys = tx.console.passkeys
        assert await keys.add(a_key())
        assert not await keys.add(a_key(name="Un autre")), "known already"
        assert await keys.add(a_key(b"k2", added=NOON + HOUR))
        assert list(await keys.of(ACCOUNT)) == [a_key(), a_key(b"k2", added=NOON + HOUR)]
        assert await keys.at(b"k3") is None
        assert await keys.use(a_key(), 5, NOON + HOUR)
        assert not await keys.use(a_key(), 5, NOON + HOUR), "somebody else has just used it"
        assert await keys.at(b"k1") == a_key(count=5, used=NOON + HOUR)


async def test_a_passkey_is_taken_away_by_its_owner_alone(store):
    await save(store)
    other = AccountId("c2")
    await save(store, an_account(id=other, login="autre@exemple.fr"))
    async with store.transaction() as tx:
        keys = tx.console.passkeys
        for name in (b"k1", b"k2"):
            await keys.add(a_key(name))
        await keys.add(a_key(b"k3", account=other))
        assert not await keys.remove(other, b"k1")
        assert await keys.remove(ACCOUNT, b"k1")
        assert not await keys.remove(ACCOUNT, b"k1"), "twice is once"
        await keys.forget(ACCOUNT)
        assert list(await keys.of(ACCOUNT)) == []
        assert len(await keys.of(other)) == 1
