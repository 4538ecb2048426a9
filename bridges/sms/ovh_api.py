"""Signed requests to OVHcloud's API, as its first steps describe them."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from bridges.sms.settings import OvhSettings

Answer = tuple[int, object]
"""Status, and what the body says as JSON; None for a body that says nothing."""

_OUR_FAULT = 400  # from here on an answer may mean that our clock is wrong


class OvhApi:
    """One application with the rights of one consumer.

    Every request may raise what aiohttp raises, and TimeoutError.
    """

    def __init__(self, settings: OvhSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        limit = aiohttp.ClientTimeout(total=settings.timeout, connect=5)
        self._http = aiohttp.ClientSession(
            timeout=limit, connector=aiohttp.TCPConnector(force_close=True)
        )
        self._ahead: int | None = None  # seconds that their clock is ahead of ours

    async def close(self) -> None:
        await self._http.close()

    async def agree_on_time(self) -> None:
        """Asks their clock, which the signature must name, unless it was asked before."""
        if self._ahead is None:
            async with self._http.get(f"{self._settings.url}/auth/time") as answer:
                answer.raise_for_status()
                self._ahead = int(await answer.text()) - int(self._now().timestamp())

    async def get(self, path: str, **query: str) -> Answer:
        await self.agree_on_time()
        return await self._call("GET", path + (f"?{urlencode(query)}" if query else ""), b"")

    async def delete(self, path: str) -> Answer:
        await self.agree_on_time()
        return await self._call("DELETE", path, b"")

    async def post(self, path: str, fields: Mapping[str, object]) -> Answer:
        """The time must have been agreed on: what raises here may have been taken."""
        return await self._call("POST", path, json.dumps(fields).encode())

    async def _call(self, method: str, path: str, body: bytes) -> Answer:
        settings, url = self._settings, self._settings.url + path
        stamp = str(int(self._now().timestamp()) + (self._ahead or 0))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Ovh-Application": settings.application_key,
            "X-Ovh-Consumer": settings.consumer_key,
            "X-Ovh-Timestamp": stamp,
            "X-Ovh-Signature": signature(
                settings.application_secret, settings.consumer_key, method, url, body, stamp
            ),
        }
        target = URL(url, encoded=True)  # exactly what was signed
        async with self._http.request(
            method, target, data=body or None, headers=headers
        ) as answer:
            if answer.status >= _OUR_FAULT:
                self._ahead = None
            return answer.status, _said(await answer.read())


def signature(
    secret: str, consumer_key: str, method: str, url: str, body: bytes, stamp: str
) -> str:
    """What proves that the request is ours and whole."""
    signed = f"{secret}+{consumer_key}+{method}+{url}+{body.decode()}+{stamp}"
    return "$1$" + hashlib.sha1(signed.encode()).hexdigest()  # noqa: S324 # their choice


def _said(body: bytes) -> object:
    try:
        said: object = json.loads(body)
    except ValueError:
        return None
    return said
