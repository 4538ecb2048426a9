"""Photos, in SQL: sealed under their owner, gone at their end."""

from datetime import datetime

from appservice.domain.ids import BlobId
from appservice.store.session import Session
from appservice.store.vault import open_text
from bridges.protocol import Attachment

SEALED = "blobs.sealed"
NAME = "blobs.sealed_name"


class PgBlobs:
    """Implements `ports.Blobs`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, owner: str, attachment: Attachment, until: datetime) -> BlobId:
        # A room names its territory; a case or a person has a key already.
        territory = owner.split("/")[1] if "/" in owner else ""
        key = await self._session.key(owner, territory)
        name = key.seal(NAME, attachment.filename.encode())
        sealed = key.seal(SEALED, attachment.data)
        row = await self._session.row(PUT, owner, attachment.content_type, name, sealed, until)
        assert row is not None  # noqa: S101 - an insertion returns its row
        return BlobId(row["id"])

    async def get(self, blob: BlobId) -> Attachment | None:
        row = await self._session.row(GET, blob, self._session.clock())
        if row is None:
            return None
        key = (await self._session.keys([row["owner"]])).get(row["owner"])
        if key is None:
            return None
        name = open_text(key, NAME, row["sealed_name"])
        return Attachment(row["content_type"], key.open(SEALED, row["sealed"]), name)


PUT = """
INSERT INTO blobs (owner, content_type, sealed_name, sealed, until) VALUES ($1, $2, $3, $4, $5)
RETURNING id
"""
GET = "SELECT * FROM blobs WHERE id = $1 AND until > $2"
