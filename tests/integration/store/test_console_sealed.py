"""The console's tables say nothing to whoever reads them, and an erased member leaves nothing."""

from datetime import timedelta

from support.store_builders import NOON, a_merchant

from appservice.domain.console import Account, AccountId, Credential, Invitation, Opened, Position
from appservice.domain.console.passkey import Passkey
from appservice.domain.ids import MemberId
from appservice.domain.member import Role
from appservice.store.postgres import PgStore

SECRETS = (
    "agathe@exemple.fr",
    "idofthekey",
    "publicpart",
    "Mon coffre",
    "sub-77",
    "sso.exemple.fr",
    "Agathe",
    "JBSWY3DP",
    "le-mot-de-passe",
)
TABLES = (
    "console_accounts",
    "console_invitations",
    "console_sessions",
    "console_subjects",
    "console_passkeys",
    "console_attempts",
)


async def fill(store: PgStore) -> None:
    account = Account(
        *(AccountId("c1"), "agathe@exemple.fr", "Agathe", Position.GENDARME, "liffre"),
        member=MemberId("g1"),
    )
    async with store.transaction() as tx:
        await tx.members.save(a_merchant("g1", role=Role.GENDARME))
        await tx.console.accounts.save(account)
        await tx.console.accounts.renew(account.id, Credential("le-mot-de-passe", "JBSWY3DP", 3))
        await tx.console.invitations.add(Invitation(b"d" * 32, account.id, "JBSWY3DP", NOON))
        await tx.console.sessions.open(Opened(b"s" * 32, account.id, NOON, NOON, NOON))
        key = Passkey(b"idofthekey", account.id, b"publicpart", "Mon coffre", NOON)
        assert await tx.console.passkeys.add(key)
        assert await tx.console.subjects.bind(account.id, "https://sso.exemple.fr", "sub-77")
        await tx.console.attempts.count("login:agathe@exemple.fr", NOON, timedelta(minutes=15))


async def everything(sql) -> str:
    rows = [row for table in TABLES for row in await sql.fetch(f"SELECT * FROM {table}")]
    return "\n".join(str(list(row.values())) for row in rows)


async def test_nothing_of_an_account_is_readable(store: PgStore, sql):
    await fill(store)
    text = await everything(sql)
    assert text.count("\n") == 5
    for secret in SECRETS:
        assert secret not in text


async def test_erasing_a_member_erases_their_way_in(store: PgStore, sql):
    await fill(store)
    await store.shred("g1")
    for table in TABLES[:5]:
        assert await sql.fetchval(f"SELECT count(*) FROM {table}") == 0
    async with store.transaction() as tx:
        assert await tx.console.accounts.at("agathe@exemple.fr") is None


async def test_old_tries_are_swept(store: PgStore, sql, clock):
    await fill(store)
    await store.purge(clock())
    assert await sql.fetchval("SELECT count(*) FROM console_attempts") == 1
    await store.purge(clock() + timedelta(hours=2))
    assert await sql.fetchval("SELECT count(*) FROM console_attempts") == 0
