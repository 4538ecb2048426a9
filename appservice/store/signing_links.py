"""Links that a charter is signed by, in SQL: digests and times, nothing that opens a page."""

from asyncpg import Record

from appservice.domain.ids import MemberId
from appservice.domain.signing import Code, SigningLink
from appservice.store.session import Session


class PgSigningLinks:
    """Implements `ports.SigningLinks`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, link: SigningLink) -> None:
        await self._session.run(REPLACE, link.member, link.made_at)
        await self._session.run(
            ADD, link.digest, link.member, link.by, link.made_at, link.until, link.readmits,
            link.handed, *_moving(link),
        )  # fmt: skip

    async def get(self, digest: bytes) -> SigningLink | None:
        return _link(await self._session.row(GET, digest))

    async def hold(self, digest: bytes) -> SigningLink | None:
        return _link(await self._session.row(HOLD, digest))

    async def latest(self, member: MemberId) -> SigningLink | None:
        return _link(await self._session.row(LATEST, member))

    async def save(self, link: SigningLink) -> None:
        await self._session.run(SAVE, link.digest, *_moving(link))


def _moving(link: SigningLink) -> tuple[object, ...]:
    """What changes in a link's life, in the order of the columns."""
    code = link.code
    return (
        code.digest if code else None,
        code.until if code else None,
        code.tries if code else 0,
        link.sent,
        link.sent_at,
        link.used_at,
        link.revoked_at,
    )


def _link(row: Record | None) -> SigningLink | None:
    if row is None:
        return None
    code = Code(row["code"], row["code_until"], row["tries"]) if row["code"] else None
    return SigningLink(
        digest=row["digest"],
        member=MemberId(row["member"]),
        by=row["made_by"],
        made_at=row["made_at"],
        until=row["until"],
        readmits=row["readmits"],
        handed=row["handed"],
        code=code,
        sent=row["sent"],
        sent_at=row["sent_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
    )


REPLACE = """
UPDATE signing_links SET revoked_at = $2
WHERE member = $1 AND used_at IS NULL AND revoked_at IS NULL
"""
ADD = """
INSERT INTO signing_links (digest, member, made_by, made_at, until, readmits, handed,
                           code, code_until, tries, sent, sent_at, used_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
GET = "SELECT * FROM signing_links WHERE digest = $1"
HOLD = "SELECT * FROM signing_links WHERE digest = $1 FOR UPDATE"
LATEST = "SELECT * FROM signing_links WHERE member = $1 ORDER BY number DESC LIMIT 1"
SAVE = """
UPDATE signing_links SET code = $2, code_until = $3, tries = $4, sent = $5, sent_at = $6,
    used_at = $7, revoked_at = $8
WHERE digest = $1
"""
