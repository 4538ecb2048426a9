"""Versions of the protocol, in memory and in PostgreSQL."""

from datetime import timedelta

from support.store_builders import NOON

from appservice.domain.protocol.version import Version

HOUR = timedelta(hours=1)
FIRST = Version(1, "aa" * 32, NOON, {"|Règle « vol »": "#1", "liffre|Phase": "essai"})
SECOND = Version(2, "bb" * 32, NOON + HOUR, {"|Règle « vol »": "#2"})
THIRD = Version(3, "aa" * 32, NOON + 2 * HOUR, FIRST.facts, back_to=1)


async def test_versions_come_back_in_their_order_with_their_files(store):
    async with store.transaction() as tx:
        assert await tx.protocols.all() == []
        assert await tx.protocols.at(NOON) is None
        for version in (FIRST, SECOND, THIRD):
            await tx.protocols.add(version, f"files {version.number}".encode())
    async with store.transaction() as tx:
        assert await tx.protocols.all() == [FIRST, SECOND, THIRD]
        assert await tx.protocols.files(2) == b"files 2"
        assert await tx.protocols.files(4) is None
        assert await tx.protocols.at(NOON - HOUR) is None
        assert await tx.protocols.at(NOON) == FIRST
        assert await tx.protocols.at(NOON + HOUR * 1.5) == SECOND
        assert await tx.protocols.at(NOON + 9 * HOUR) == THIRD
