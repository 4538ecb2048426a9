"""Nothing is answered before it is written, and nothing that a client sends stops the intake."""

import io
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import aiohttp
import pytest
from support.matrix_rig import Rig
from support.memory_store import MemoryJournal, MemoryWake

from appservice.domain.errors import TemporaryFailure
from appservice.matrix.settings import Unreadable

pytestmark = pytest.mark.e2e


class FlakyJournal:
    """A journal whose database can be taken away."""

    def __init__(self) -> None:
        self.there = MemoryJournal(MemoryWake())
        self.down = False
        self.refused = 0

    async def write(self, source: str, key: str, payload: bytes, at: datetime) -> bool:
        if self.down:
            self.refused += 1
            raise TemporaryFailure
        return await self.there.write(source, key, payload, at)

    async def pending(
        self, source: str, limit: int, besides: Collection[int] = ()
    ) -> Sequence[tuple[int, bytes]]:
        if self.down:
            raise TemporaryFailure
        return await self.there.pending(source, limit, besides)

    async def done(self, entry: int) -> None:
        await self.there.done(entry)


async def test_while_the_journal_is_down_the_homeserver_keeps_what_it_has(make_rig: Any) -> None:
    rig: Rig = await make_rig()
    journal = rig.journal = FlakyJournal()
    await rig.start()
    marie = await rig.person()
    room = await rig.room(marie)
    await marie.say(room, "Tout va bien")
    await rig.hears("Tout va bien")
    journal.down = True
    said = await marie.say(room, "Pendant la panne de la base")
    await rig.until(lambda: journal.refused)
    assert said not in [inbound.key for inbound in rig.received]
    journal.down = False
    heard = await rig.hears("Pendant la panne de la base")
    assert heard.key == said


async def test_a_sink_that_fails_is_given_the_message_again(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    rig.sink_failures = 2
    said = await marie.say(room, "Trois essais")
    await rig.hears("Trois essais")
    assert rig.sink_failures == 0
    assert [i.key for i in rig.received].count(said) == 1


HOSTILE: dict[str, Any] = {
    "nothing": None,
    "a number": 17,
    "a list": [],
    "no content": {"event_id": "$a", "room_id": "!r:s", "sender": "@m:s", "type": "m.x"},
    "content of another kind": {"content": "texte"},
    "body of another kind": {"content": {"msgtype": "m.text", "body": {"nested": [1, 2, {}]}}},
    "no msgtype": {"content": {"body": 3.5}},
    "unknown msgtype": {"content": {"msgtype": "org.example.bomb", "body": "Boum"}},
    "a body with NUL and half a character": {
        "content": {"msgtype": "m.text", "body": "a\x00b\ud800c"}
    },
    "a giant body": {"content": {"msgtype": "m.text", "body": "x" * 2_000_000}},
    "deep junk": {
        "content": {"msgtype": "m.text", "body": "x", "junk": json.loads("[" * 400 + "]" * 400)}
    },
    "a date beyond time": {
        "origin_server_ts": 10**30,
        "content": {"msgtype": "m.text", "body": "x"},
    },
    "a negative date": {
        "origin_server_ts": -(10**17),
        "content": {"msgtype": "m.text", "body": "x"},
    },
    "a relation of another kind": {
        "content": {"msgtype": "m.text", "body": "x", "m.relates_to": ["m.replace"]}
    },
    "an edit of nothing": {
        "content": {"msgtype": "m.text", "body": "x", "m.relates_to": {"rel_type": "m.replace"}}
    },
    "a reaction without emoji": {
        "type": "m.reaction",
        "content": {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x", "key": {}}},
    },
    "a redaction of nothing": {"type": "m.room.redaction", "content": {}},
    "a file that is none": {
        "content": {"msgtype": "m.image", "body": "p.png", "file": {"url": "mxc://"}}
    },
    "a file elsewhere": {
        "content": {"msgtype": "m.file", "body": "p", "url": "mxc://no.where/../../x?y#z"}
    },
    "a file with broken keys": {
        "content": {
            "msgtype": "m.image",
            "body": "p.png",
            "file": {"url": "mxc://maillage.test/absent", "key": [], "hashes": 3},
        }
    },
    "a poll of junk": {
        "type": "m.poll.start",
        "content": {"m.poll": {"question": 1, "answers": {}}},
    },
    "a member who is nobody": {
        "type": "m.room.member",
        "state_key": "x\x00",
        "content": {"membership": 4},
    },
    "an encryption that nobody knows": {
        "type": "m.room.encryption",
        "state_key": "",
        "content": {"algorithm": "rot13"},
    },
    "sealed with nothing": {"type": "m.room.encrypted", "content": {}},
    "sealed with junk": {
        "type": "m.room.encrypted",
        "content": {
            "algorithm": "m.megolm.v1.aes-sha2",
            "session_id": "\x00" * 43,
            "ciphertext": "AwgA",
        },
    },
    "sealed with another algorithm": {
        "type": "m.room.encrypted",
        "content": {"algorithm": "m.olm.v1", "session_id": "x", "ciphertext": {}},
    },
}


async def test_hostile_events_neither_stop_the_intake_nor_hold_others_up(
    rig: Rig, http: aiohttp.ClientSession
) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    events = [
        hostile(number, room, marie.mxid, raw) for number, raw in enumerate(HOSTILE.values())
    ]
    assert await push(http, rig, "hostile-1", {"events": events}) == 200
    for body in (b"", b"{", b"[]", b'{"events": 3}', b"\xff\xfe", b"null"):
        assert await push(http, rig, "hostile-2", body) == 400
    # Too deep for any parser: taken, so that the homeserver goes on, and skipped with a log line.
    assert (
        await push(http, rig, "hostile-3", b'{"events":' + b"[" * 99999 + b"]" * 99999 + b"}")
        == 200
    )
    await marie.say(room, "Toujours debout")
    await rig.hears("Toujours debout")
    assert await rig.journal.pending("matrix", 10) == []
    assert await rig.journal.pending("matrix-refused", 10) == []
    reasons = {reason for where, _, _, reason in rig.unreadable if where == room}
    assert reasons <= {Unreadable.UNDECRYPTABLE, Unreadable.ATTACHMENT_BROKEN}


async def test_a_message_whose_key_is_late_waits_for_it(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    sealed = {
        "type": "m.room.encrypted",
        "content": {
            "algorithm": "m.megolm.v1.aes-sha2",
            "session_id": "A" * 43,
            "ciphertext": "AwgA",
        },
    }
    async with aiohttp.ClientSession() as http:
        events = [hostile(999, room, marie.mxid, sealed)]
        await push(http, rig, "waiting-1", {"events": events})
    # Others pass meanwhile, and it is still there when they have.
    await marie.say(room, "Je passe devant")
    await rig.hears("Je passe devant")
    waiting = [
        json.loads(payload) for _, payload in await rig.journal.pending("matrix-waiting", 50)
    ]
    assert [entry["event"]["event_id"] for entry in waiting] == ["$hostile999"]


async def test_only_the_homeserver_comes_in(rig: Rig, http: aiohttp.ClientSession) -> None:
    assert await push(http, rig, "1", {"events": []}, token="") == 401
    assert await push(http, rig, "1", {"events": []}, token="guess") == 403
    assert await push(http, rig, "1", {"events": []}, token="é") == 403


async def test_health_says_whether_we_are_ready(rig: Rig, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{door(rig)}/health") as answer:
        assert (answer.status, await answer.json()) == (200, {"ready": True})


def hostile(number: int, room: str, sender: str, raw: Any) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    return {
        "event_id": f"$hostile{number}",
        "room_id": room,
        "sender": sender,
        "type": "m.room.message",
        "origin_server_ts": 1_790_000_000_000,
        **raw,
    }


def door(rig: Rig) -> str:
    return f"http://{rig.settings.bind_host}:{rig.settings.bind_port}"


async def push(
    http: aiohttp.ClientSession,
    rig: Rig,
    transaction: str,
    body: object,
    token: str | None = None,
) -> int:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    bearer = rig.settings.hs_token if token is None else token
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    url = f"{door(rig)}/_matrix/app/v1/transactions/{transaction}"
    async with http.put(url, data=io.BytesIO(data), headers=headers) as answer:
        body = await answer.json()
        assert answer.status == 200 or "errcode" in body
        return answer.status
