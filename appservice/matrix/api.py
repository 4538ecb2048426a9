"""HTTP to the homeserver, as the service's bot: one call, one answer or one error."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

CLIENT = "/_matrix/client/v3"
Json = dict[str, Any]


class MatrixError(Exception):
    """The homeserver said no."""

    def __init__(self, status: int, errcode: str, retry_after: float | None = None) -> None:
        self.status = status
        self.errcode = errcode  # Matrix spec, Client-Server API, Standard error response
        self.retry_after = retry_after  # seconds
        super().__init__(f"{status} {errcode}")

    @property
    def temporary(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == 429 or self.status >= 500


class Unreachable(Exception):
    """The homeserver did not answer, or not in time: the request may have been done."""


@dataclass(frozen=True, slots=True)
class Api:
    """The homeserver's client API with the service's token, in the name of `user_id`."""

    http: aiohttp.ClientSession
    url: str
    token: str
    user_id: str = ""
    device_id: str = ""

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        *,
        seconds: float = 60,
    ) -> Json:
        """Raises MatrixError, Unreachable. A `path` that is not whole follows CLIENT."""
        data = json.dumps(body).encode() if body is not None else None
        async with self.open(method, path, data, query, seconds=seconds) as answer:
            return await _read_json(answer.response)

    def open(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        query: Mapping[str, str] | None = None,
        *,
        content_type: str = "application/json",
        seconds: float = 60,
    ) -> "Opening":
        """The raw answer, for bodies that are not JSON. Raises like `call`."""
        masquerade = {"user_id": self.user_id, "device_id": self.device_id}
        full = path if path.startswith("/_") else CLIENT + path
        return Opening(
            self.http.request(
                method,
                self.url.rstrip("/") + full,
                # A stream: aiohttp warns of large bytes, and sends them in one go.
                data=io.BytesIO(data) if data is not None else None,
                params={**(query or {}), **{k: v for k, v in masquerade.items() if v}},
                headers={
                    "Authorization": f"Bearer {self.token}",
                    **({"Content-Type": content_type} if data is not None else {}),
                },
                timeout=aiohttp.ClientTimeout(total=seconds),
            )
        )


class Opening:
    """An answer being read; failures on the way become our two errors."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self.response: aiohttp.ClientResponse

    async def __aenter__(self) -> "Opening":
        try:
            self.response = await self._request.__aenter__()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(type(error).__name__) from error
        if self.response.status >= 300:
            failure = await _failure(self.response)
            await self._request.__aexit__(None, None, None)
            raise failure
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        await self._request.__aexit__(kind, error, trace)
        if isinstance(error, aiohttp.ClientError | TimeoutError | OSError):
            raise Unreachable(type(error).__name__) from error


async def _read_json(response: aiohttp.ClientResponse) -> Json:
    try:
        answer = json.loads(await response.read())
    except ValueError as error:
        raise MatrixError(502, "M_NOT_JSON") from error
    return answer if isinstance(answer, dict) else {}


async def _failure(response: aiohttp.ClientResponse) -> MatrixError:
    try:
        body = json.loads(await response.read())
    except (ValueError, aiohttp.ClientError, TimeoutError):
        body = None
    said = body if isinstance(body, dict) else {}
    errcode = said.get("errcode")
    wait = said.get("retry_after_ms")
    return MatrixError(
        response.status,
        errcode if isinstance(errcode, str) else f"HTTP_{response.status}",
        wait / 1000 if isinstance(wait, int | float) else None,
    )


def segment(text: str) -> str:
    """One segment of a path, whatever the id holds."""
    return quote(text, safe="")
