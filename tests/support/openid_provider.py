"""An organisation's OpenID provider on loopback: real keys and signatures, and lies on demand."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from appservice.demo.ports import any_free_port
from support.store_builders import HandClock

CLIENT, SECRET = "maillage", "s3cret:é"


@dataclass
class OpenIdProvider:
    """Whoever comes is signed in at once as `person`. Each `lie` replaces something true."""

    clock: HandClock
    person: dict[str, Any]
    port: int = field(default_factory=any_free_port)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    lie: dict[str, Any] = field(default_factory=dict)  # claims
    header: dict[str, Any] = field(default_factory=dict)
    signs_with: Any = None
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    down: bool = False
    asked: list[Mapping[str, str]] = field(default_factory=list)
    """What came to the authorisation endpoint."""
    _codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _runner: web.AppRunner | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/sso"

    async def open(self) -> Self:
        app = web.Application()
        app.router.add_get("/sso/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/sso/keys", self._keys)
        app.router.add_get("/sso/authorize", self._authorize)
        app.router.add_post("/sso/token", self._token)
        app.router.add_get("/sso/userinfo", self._userinfo)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _discovery(self, _: web.Request) -> web.Response:
        if self.down:
            return web.Response(status=502)
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        if self.userinfo is not None:
            found["userinfo_endpoint"] = f"{self.issuer}/userinfo"
        return web.json_response({**found, **self.metadata})

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.asked.append(asked)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{answer}"})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = self._codes.pop(str(form["code"]), None)  # good once
        challenge = _encoded(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        pair = base64.b64encode(b"maillage:s3cret%3A%C3%A9").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form["redirect_uri"]
            or request.headers.get("Authorization") != f"Basic {pair}"
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        access = secrets.token_urlsafe(16)
        token = {"access_token": access, "token_type": "Bearer"}
        return web.json_response({**token, "id_token": self._signed(asked, access)})

    def _signed(self, asked: Mapping[str, str], access: str) -> str:
        now = int(self.clock().timestamp())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "sub": "sub-77",
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": asked["nonce"],
            "at_hash": _encoded(half),
            **self.person,
            **self.lie,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "one", **self.header}
        if header["alg"] in ("none", "HS256"):
            said = f"{_part(header)}.{_part(claims)}"
            return f"{said}.{self._forged(said) if header['alg'] == 'HS256' else ''}"
        key = self.signs_with or self.key
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    def _forged(self, said: str) -> str:
        """The classic confusion: the public key, used as if it were a shared secret."""
        pem = self.key.as_pem(private=False)
        return _encoded(hmac.digest(pem, said.encode(), "sha256"))

    async def _userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("Bearer ")
        return web.json_response(self.userinfo)


def _part(value: object) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
