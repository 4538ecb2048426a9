"""Invitations, sessions and counted tries of the console, in SQL."""

from datetime import datetime, timedelta

from appservice.domain.console import AccountId, Invitation, Opened
from appservice.domain.console.account import SESSION_LASTS
from appservice.flows.ports import console as ports
from appservice.store.console.accounts import PgAccounts, owner_of
from appservice.store.console.passkeys import PgPasskeys
from appservice.store.console.sheets import PgSheets
from appservice.store.session import Session
from appservice.store.vault import open_text

SEALED = "console_invitations.sealed"


class PgInvitations:
    """Implements `ports.console.Invitations`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, invitation: Invitation) -> None:
        session = self._session
        await session.run(REPLACE, invitation.account)
        row = await session.row(MEMBER, invitation.account)
        key = await session.key(owner_of(invitation.account, row["member"] if row else None))
        sealed = key.seal(SEALED, invitation.secret.encode())
        await session.run(ADD, invitation.digest, invitation.account, sealed, invitation.until)

    async def get(self, digest: bytes, now: datetime) -> Invitation | None:
        row = await self._session.row(GET, digest, now)
        if row is None:
            return None
        owner = owner_of(row["account"], row["member"])
        key = (await self._session.keys([owner])).get(owner)
        secret = open_text(key, SEALED, row["sealed"])
        return Invitation(row["digest"], AccountId(row["account"]), secret, row["until"])

    async def use(self, digest: bytes, now: datetime) -> bool:
        return await self._session.row(USE, digest, now) is not None


class PgSessions:
    """Implements `ports.console.Sessions`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def open(self, session: Opened) -> None:
        await self._session.run(SWEEP, session.since - SESSION_LASTS)
        times = (session.since, session.seen, session.confirmed)
        await self._session.run(OPEN, session.digest, session.account, *times)

    async def get(self, digest: bytes) -> Opened | None:
        row = await self._session.row(SESSION, digest)
        if row is None:
            return None
        times = (row["since"], row["seen"], row["confirmed"])
        return Opened(row["digest"], AccountId(row["account"]), *times)

    async def seen(self, digest: bytes, now: datetime) -> None:
        await self._session.run(SEEN, digest, now)

    async def confirmed(self, digest: bytes, now: datetime) -> None:
        await self._session.run(CONFIRMED, digest, now)

    async def close(self, digest: bytes) -> None:
        await self._session.run(CLOSE, digest)

    async def close_all(self, account: AccountId) -> None:
        await self._session.run(CLOSE_ALL, account)


class PgSubjects:
    """Implements `ports.console.Subjects`. Only an HMAC of each is kept."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def bind(self, account: AccountId, issuer: str, subject: str) -> bool:
        index = self._session.vault.index("subject", f"{issuer} {subject}")
        await self._session.run(BIND, account, index)
        return await self._session.row(BOUND, account, index) is not None

    async def forget(self, account: AccountId) -> None:
        await self._session.run(UNBIND, account)


class PgAttempts:
    """Implements `ports.console.Attempts`. Who tries again waits for who is being counted."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count(self, name: str, now: datetime, within: timedelta) -> int:
        index = self._session.vault.index("attempt", name)
        [row] = await self._session.rows(COUNT, index, now, now - within)
        return int(row["tries"])

    async def forget(self, name: str) -> None:
        await self._session.run(FORGET, self._session.vault.index("attempt", name))


class PgConsole:
    """Implements `ports.Console`."""

    def __init__(self, session: Session) -> None:
        self.accounts: ports.Accounts = PgAccounts(session)
        self.invitations: ports.Invitations = PgInvitations(session)
        self.sessions: ports.Sessions = PgSessions(session)
        self.subjects: ports.Subjects = PgSubjects(session)
        self.passkeys: ports.Passkeys = PgPasskeys(session)
        self.attempts: ports.Attempts = PgAttempts(session)
        self.sheets: ports.Sheets = PgSheets(session)


REPLACE = "DELETE FROM console_invitations WHERE account = $1"
MEMBER = "SELECT member FROM console_accounts WHERE id = $1"
ADD = "INSERT INTO console_invitations (digest, account, sealed, until) VALUES ($1, $2, $3, $4)"
GET = """
SELECT i.*, a.member FROM console_invitations i JOIN console_accounts a ON a.id = i.account
WHERE i.digest = $1 AND i.until > $2
"""
USE = "DELETE FROM console_invitations WHERE digest = $1 AND until > $2 RETURNING digest"
SWEEP = "DELETE FROM console_sessions WHERE since < $1"
OPEN = """
INSERT INTO console_sessions (digest, account, since, seen, confirmed)
VALUES ($1, $2, $3, $4, $5)
"""
SESSION = "SELECT * FROM console_sessions WHERE digest = $1"
SEEN = "UPDATE console_sessions SET seen = $2 WHERE digest = $1"
CONFIRMED = "UPDATE console_sessions SET confirmed = $2 WHERE digest = $1"
CLOSE = "DELETE FROM console_sessions WHERE digest = $1"
CLOSE_ALL = "DELETE FROM console_sessions WHERE account = $1"
BIND = """
INSERT INTO console_subjects (account, subject_index) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""
BOUND = "SELECT 1 FROM console_subjects WHERE account = $1 AND subject_index = $2"
UNBIND = "DELETE FROM console_subjects WHERE account = $1"
COUNT = """
INSERT INTO console_attempts AS a (name_index, first_at, tries) VALUES ($1, $2, 1)
ON CONFLICT (name_index) DO UPDATE SET
    tries = CASE WHEN a.first_at <= $3 THEN 1 ELSE a.tries + 1 END,
    first_at = CASE WHEN a.first_at <= $3 THEN $2 ELSE a.first_at END
RETURNING tries
"""
FORGET = "DELETE FROM console_attempts WHERE name_index = $1"
