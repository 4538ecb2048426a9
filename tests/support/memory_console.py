"""The console's part of the store in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from appservice.domain.console import Account, AccountId, Credential, Invitation, Opened
from appservice.domain.console.account import SESSION_LASTS
from appservice.domain.console.passkey import Passkey
from appservice.domain.console.sheet import Line, Sheet, SheetId, Stage
from appservice.domain.ids import MemberId
from support.memory_tables import Tables


class MemoryAccounts:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.accounts

    async def save(self, account: Account) -> None:
        known = self._rows.get(account.id)
        self._rows[account.id] = replace(account, credential=known.credential if known else None)

    async def get(self, account: AccountId) -> Account | None:
        return self._rows.get(account)

    async def at(self, login: str) -> Account | None:
        return next((a for a in self._rows.values() if a.login == login), None)

    async def of_member(self, member: MemberId) -> Account | None:
        return next((a for a in self._rows.values() if a.member == member), None)

    async def renew(self, account: AccountId, credential: Credential) -> None:
        self._rows[account] = replace(self._rows[account], credential=credential)

    async def use_step(self, account: AccountId, step: int) -> bool:
        known = self._rows[account].credential
        if known is None or known.last_step >= step:
            return False
        await self.renew(account, replace(known, last_step=step))
        return True


class MemoryInvitations:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.invitations

    async def add(self, invitation: Invitation) -> None:
        for digest, other in list(self._rows.items()):
            if other.account == invitation.account:
                del self._rows[digest]
        self._rows[invitation.digest] = invitation

    async def get(self, digest: bytes, now: datetime) -> Invitation | None:
        found = self._rows.get(digest)
        return found if found is not None and found.until > now else None

    async def use(self, digest: bytes, now: datetime) -> bool:
        found = await self.get(digest, now)
        self._rows.pop(digest, None)
        return found is not None


class MemorySessions:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.sessions

    async def open(self, session: Opened) -> None:
        for digest, other in list(self._rows.items()):
            if other.since < session.since - SESSION_LASTS:
                del self._rows[digest]
        self._rows[session.digest] = session

    async def get(self, digest: bytes) -> Opened | None:
        return self._rows.get(digest)

    async def seen(self, digest: bytes, now: datetime) -> None:
        self._rows[digest] = replace(self._rows[digest], seen=now)

    async def confirmed(self, digest: bytes, now: datetime) -> None:
        self._rows[digest] = replace(self._rows[digest], confirmed=now)

    async def close(self, digest: bytes) -> None:
        self._rows.pop(digest, None)

    async def close_all(self, account: AccountId) -> None:
        for digest, session in list(self._rows.items()):
            if session.account == account:
                del self._rows[digest]


class MemorySubjects:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.subjects

    async def bind(self, account: AccountId, issuer: str, subject: str) -> bool:
        if account not in self._rows and (issuer, subject) not in self._rows.values():
            self._rows[account] = (issuer, subject)
        return self._rows.get(account) == (issuer, subject)

    async def forget(self, account: AccountId) -> None:
        self._rows.pop(account, None)


class MemoryPasskeys:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.passkeys

    async def add(self, key: Passkey) -> bool:
        return self._rows.setdefault(key.id, key) is key

    async def of(self, account: AccountId) -> Sequence[Passkey]:
        return sorted(
            (key for key in self._rows.values() if key.account == account), key=lambda k: k.added
        )

    async def at(self, key: bytes) -> Passkey | None:
        return self._rows.get(key)

    async def use(self, key: Passkey, count: int, now: datetime) -> bool:
        known = self._rows.get(key.id)
        if known is None or known.count != key.count:
            return False
        self._rows[key.id] = replace(known, count=count, used=now)
        return True

    async def remove(self, account: AccountId, key: bytes) -> bool:
        known = self._rows.get(key)
        if known is None or known.account != account:
            return False
        del self._rows[key]
        return True

    async def forget(self, account: AccountId) -> None:
        for key in await self.of(account):
            del self._rows[key.id]


class MemoryAttempts:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.attempts

    async def count(self, name: str, now: datetime, within: timedelta) -> int:
        first, tries = self._rows.get(name, (now, 0))
        if first <= now - within:
            first, tries = now, 0
        self._rows[name] = (first, tries + 1)
        return tries + 1

    async def forget(self, name: str) -> None:
        self._rows.pop(name, None)


class MemorySheets:
    def __init__(self, tables: Tables) -> None:
        self._rows, self._lines = tables.sheets, tables.sheet_lines

    async def save(self, sheet: Sheet) -> None:
        self._rows[sheet.id] = sheet
        if sheet.stage is Stage.ENROLLED:
            for part in [key for key in self._lines if key[0] == sheet.id]:
                del self._lines[part]

    async def put(self, sheet: Sheet, part: int, lines: Sequence[Line]) -> None:
        self._lines[sheet.id, part] = tuple(lines)

    async def get(self, sheet: SheetId, *, hold: bool = False) -> Sheet | None:
        return self._rows.get(sheet)

    async def part(self, sheet: Sheet, part: int) -> Sequence[Line]:
        return self._lines.get((sheet.id, part), ())

    async def unfinished(self) -> Sequence[Sheet]:
        waiting = (Stage.LOOKING, Stage.READY, Stage.ENROLLING)
        found = [sheet for sheet in self._rows.values() if sheet.stage in waiting]
        return sorted(found, key=lambda sheet: (sheet.at, sheet.id))


class MemoryConsole:
    def __init__(self, tables: Tables) -> None:
        self.accounts = MemoryAccounts(tables)
        self.invitations = MemoryInvitations(tables)
        self.sessions = MemorySessions(tables)
        self.subjects = MemorySubjects(tables)
        self.passkeys = MemoryPasskeys(tables)
        self.attempts = MemoryAttempts(tables)
        self.sheets = MemorySheets(tables)
