"""A homeserver's hand: pushes transactions at a door from a process of its own, and counts."""

import asyncio
import json
import sys
import time

CONTENT = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "A" * 700, "session_id": "s" * 43}


def transaction(name: str) -> bytes:
    """One event in a transaction, as Synapse sends them on a quiet day."""
    event = {
        "type": "m.room.encrypted",
        "room_id": "!room:maillage.test",
        "sender": "@membre:maillage.test",
        "event_id": f"${name}",
        "origin_server_ts": 1_800_000_000_000,
        "content": CONTENT,
    }
    return json.dumps({"events": [event]}).encode()


async def push(port: int, token: str, word: str, count: int, at_once: int) -> float:
    """Accepted transactions a second. Raises ConnectionError when one is not answered 200."""
    numbers = iter(range(count))

    async def hand() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            body = transaction(f"{word}{number}")
            writer.write(_request(port, token, f"{word}{number}", len(body)) + body)
            status = await reader.readline()
            if b" 200 " not in status:
                raise ConnectionError(status.decode())
            await _skip_rest(reader)
        writer.close()
        await writer.wait_closed()

    start = time.perf_counter()
    await asyncio.gather(*(hand() for _ in range(at_once)))
    return count / (time.perf_counter() - start)


def _request(port: int, token: str, name: str, length: int) -> bytes:
    return (
        f"PUT /_matrix/app/v1/transactions/{name} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


async def _skip_rest(reader: asyncio.StreamReader) -> None:
    length = 0
    while (line := await reader.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    await reader.readexactly(length)


if __name__ == "__main__":
    # The token comes on standard input: arguments are for everybody to see.
    _port, _word, _count, _at_once = sys.argv[1:]
    _rate = asyncio.run(
        push(int(_port), sys.stdin.readline().strip(), _word, int(_count), int(_at_once))
    )
    sys.stdout.write(f"{_rate}\n")
