"""Accounts of the console, in SQL: logins, names and credentials are sealed."""

from asyncpg import Record

from appservice.domain.console import Account, AccountId, Credential, Position
from appservice.domain.ids import MemberId
from appservice.store.session import Session
from appservice.store.vault import open_words, seal_words

SEALED, CREDENTIAL = "console_accounts.sealed", "console_accounts.credential"


class PgAccounts:
    """Implements `ports.console.Accounts`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def save(self, account: Account) -> None:
        session = self._session
        key = await session.key(owner_of(account.id, account.member), account.territory)
        await session.run(
            SAVE,
            account.id,
            session.vault.index("login", account.login),
            account.member,
            account.position.value,
            account.territory,
            seal_words(key, SEALED, {"login": account.login, "name": account.name}),
        )

    async def get(self, account: AccountId) -> Account | None:
        return await self._one(GET, account)

    async def at(self, login: str) -> Account | None:
        return await self._one(AT, self._session.vault.index("login", login))

    async def of_member(self, member: MemberId) -> Account | None:
        return await self._one(OF_MEMBER, member)

    async def renew(self, account: AccountId, credential: Credential) -> None:
        session = self._session
        row = await session.row(GET, account)
        if row is None:
            return
        key = await session.key(owner_of(account, row["member"]))
        words = {"password": credential.password, "secret": credential.secret}
        sealed = seal_words(key, CREDENTIAL, words)
        await session.run(RENEW, account, sealed, credential.last_step)

    async def use_step(self, account: AccountId, step: int) -> bool:
        return await self._session.row(USE_STEP, account, step) is not None

    async def _one(self, query: str, value: object) -> Account | None:
        row = await self._session.row(query, value)
        if row is None:
            return None
        owner = owner_of(row["id"], row["member"])
        key = (await self._session.keys([owner])).get(owner)
        if key is None:  # shredded
            return None
        words = open_words(key, SEALED, row["sealed"])
        secret = open_words(key, CREDENTIAL, row["credential"]) if row["credential"] else {}
        return _account(row, words, secret)


def owner_of(account: str, member: str | None) -> str:
    """Whose key seals an account: erasing a member erases their way in."""
    return member or f"account:{account}"


def _account(row: Record, words: dict[str, str | None], secret: dict[str, str | None]) -> Account:
    credential = None
    if secret:
        credential = Credential(secret["password"] or "", secret["secret"] or "", row["last_step"])
    return Account(
        id=AccountId(row["id"]),
        login=words["login"] or "",
        name=words["name"] or "",
        position=Position(row["position"]),
        territory=row["territory"],
        member=MemberId(row["member"]) if row["member"] else None,
        credential=credential,
    )


SAVE = """
INSERT INTO console_accounts (id, login_index, member, position, territory, sealed)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE SET
    login_index = excluded.login_index, position = excluded.position,
    territory = excluded.territory, sealed = excluded.sealed
"""
GET = "SELECT * FROM console_accounts WHERE id = $1"
AT = "SELECT * FROM console_accounts WHERE login_index = $1"
OF_MEMBER = "SELECT * FROM console_accounts WHERE member = $1"
RENEW = "UPDATE console_accounts SET credential = $2, last_step = $3 WHERE id = $1"
USE_STEP = """
UPDATE console_accounts SET last_step = $2 WHERE id = $1 AND last_step < $2 RETURNING id
"""
