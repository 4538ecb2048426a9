"""A homeserver that answers for ten thousand rooms it does not have; the rest goes to Synapse."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web

from appservice.demo.ports import LOOPBACK
from appservice.domain.room import GOVERNED, ActualRoom, DesiredRoom, Kind

HOP = {"transfer-encoding", "content-encoding", "content-length", "connection", "host"}


def state_of(room: DesiredRoom, actual: ActualRoom) -> list[dict[str, Any]]:
    """The state of a room in which nothing is to be changed."""
    via = {"via": ["maillage.test"]}
    plain: dict[str, Mapping[str, Any]] = {
        "m.room.create": {"m.federate": False, GOVERNED: {"room": str(room.key)}},
        "m.room.name": {"name": room.name},
        "m.room.topic": {"topic": room.topic},
        "m.room.power_levels": room.power_levels,
        "m.room.join_rules": {"join_rule": "invite"},
        "m.room.history_visibility": {"history_visibility": "joined"},
        "m.room.guest_access": {"guest_access": "forbidden"},
        "m.room.pinned_events": {"pinned": list(actual.pinned)},
    }
    if room.key.kind is not Kind.SPACE:
        plain["m.room.encryption"] = {"algorithm": "m.megolm.v1.aes-sha2"}
    events = [_event(kind, "", content, actual.pinned_at) for kind, content in plain.items()]
    events += [_event("m.space.child", child, via) for child in actual.children]
    events += [_event("m.space.parent", parent, via) for parent in actual.parents]
    for user, seat in actual.seats.items():
        proof = {"version": "1", "until": seat.until, "sig": "A" * 86}
        content = {"membership": "join", "displayname": str(user), GOVERNED: proof}
        events.append(_event("m.room.member", user, content, seat.since))
    return events


def _event(kind: str, key: str, content: Mapping[str, Any], at: int = 0) -> dict[str, Any]:
    return {
        "type": kind,
        "state_key": key,
        "content": content,
        "origin_server_ts": at,
        "sender": "@maillage:maillage.test",
        "event_id": f"${kind}{key}",
        "room_id": "!room:maillage.test",
    }


class SettledProxy:
    """Give it the rooms, start it, and count how often they were all looked at."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._rooms: dict[str, list[dict[str, Any]]] = {}
        self._looks = 0
        self._touched: list[str] = []
        self._news = asyncio.Condition()
        self._http: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    def hold(self, rooms: dict[str, list[dict[str, Any]]]) -> None:
        self._rooms, self._looks = rooms, 0

    async def looked_at(self, times: int) -> None:
        """Returns once each room's state was given that many times."""
        async with self._news:
            await self._news.wait_for(lambda: self._looks >= times * len(self._rooms))

    def check(self) -> None:
        """Raises ConnectionError when somebody found something to change."""
        if self._touched:
            raise ConnectionError(self._touched[0])

    async def start(self, port: int) -> None:
        self._http = aiohttp.ClientSession(auto_decompress=True)
        app = web.Application(client_max_size=2**26)
        app.router.add_get("/_matrix/client/v3/rooms/{room}/state", self._state)
        app.router.add_route("*", "/{path:.*}", self._forward)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._http is not None:
            await self._http.close()

    async def _state(self, request: web.Request) -> web.StreamResponse:
        events = self._rooms.get(request.match_info["room"])
        if events is None:
            return await self._forward(request)
        async with self._news:
            self._looks += 1
            self._news.notify_all()
        return web.Response(text=json.dumps(events), content_type="application/json")

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        if self._http is None:
            raise web.HTTPServiceUnavailable
        if any(room in request.path for room in self._rooms):
            self._touched.append(f"{request.method} {request.path}")
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP}
        async with self._http.request(
            request.method,
            f"{self._upstream}{request.raw_path}",
            data=await request.read(),
            headers=headers,
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)
