"""Which inbound message became which parcel, in SQL; both names sealed."""

from collections.abc import Sequence

from appservice.store.mail.parcels import message_index
from appservice.store.session import Session
from appservice.store.vault import open_words, seal_words

SEALED = "links.sealed"


class PgLinks:
    """Implements `ports.Links`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def relate(self, source: str, parcel_key: str) -> None:
        session = self._session
        owner = f"exchanges:{session.clock():%Y-%m-%d}"
        words = {"source": source, "parcel": parcel_key}
        sealed = seal_words(await session.key(owner), SEALED, words)
        await session.run(RELATE, self._source(source), self._parcel(parcel_key), owner, sealed)

    async def parcels_of(self, source: str) -> Sequence[str]:
        return await self._words(PARCELS_OF, self._source(source), "parcel")

    async def source_of(self, parcel_key: str) -> str | None:
        found = await self._words(SOURCE_OF, self._parcel(parcel_key), "source")
        return found[0] if found else None

    def _source(self, source: str) -> bytes:
        return self._session.vault.index("source", source)

    def _parcel(self, key: str) -> bytes:
        return message_index(self._session.vault, key)

    async def _words(self, query: str, index: bytes, name: str) -> list[str]:
        rows = await self._session.rows(query, index)
        keys = await self._session.keys(row["owner"] for row in rows)
        found = (open_words(keys.get(row["owner"]), SEALED, row["sealed"]) for row in rows)
        return [word for words in found if (word := words.get(name)) is not None]


RELATE = """
INSERT INTO links (source_index, parcel_index, owner, sealed) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""
PARCELS_OF = "SELECT owner, sealed FROM links WHERE source_index = $1 ORDER BY id"
SOURCE_OF = "SELECT owner, sealed FROM links WHERE parcel_index = $1 ORDER BY id"
