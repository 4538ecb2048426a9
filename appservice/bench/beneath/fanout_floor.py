"""What `fanout` stands on: one table, batches taken by SKIP LOCKED, nothing known of messages."""

import os
import time
from dataclasses import dataclass

import asyncpg

from bridges.protocol import Bridge, Outgoing

TABLE = "CREATE TABLE plain (id bigserial PRIMARY KEY, state int NOT NULL, body bytea NOT NULL)"
INDEX = "CREATE INDEX plain_next ON plain (id) WHERE state = 0"
FILL = "INSERT INTO plain (state, body) SELECT 0, $2 FROM generate_series(1, $1)"
TAKE = """
UPDATE plain SET state = 1 WHERE id IN (
    SELECT id FROM plain WHERE state = 0 ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING id, body
"""
DONE = "UPDATE plain SET state = 2 WHERE id = ANY($1)"


@dataclass(frozen=True, slots=True)
class BareQueue:
    """One connection, one loop."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    bridge: Bridge
    batch: int

    @classmethod
    async def open(cls, dsn: str, bridge: Bridge, batch: int) -> "BareQueue":
        connection = await asyncpg.connect(dsn)
        await connection.execute(TABLE)
        await connection.execute(INDEX)
        return cls(connection, bridge, batch)

    async def run(self, count: int) -> float:
        """Rows a second; filling is not counted."""
        await self.connection.execute(FILL, count, os.urandom(400))
        start = time.perf_counter()
        while rows := await self.connection.fetch(TAKE, self.batch):
            for row in rows:
                await self.bridge.send(Outgoing(str(row["id"]), "nobody", ""))
            await self.connection.execute(DONE, [row["id"] for row in rows])
        return count / (time.perf_counter() - start)
