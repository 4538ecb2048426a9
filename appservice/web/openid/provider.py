"""One organisation's OpenID provider: discovered, asked with PKCE, believed when it signs."""

import base64
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlsplit

import aiohttp
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from appservice.domain.console import Organisation, Vouched
from appservice.domain.errors import TemporaryFailure
from appservice.flows.console.vouching import NotVouched
from appservice.flows.ports import Clock
from appservice.web.openid.errand import Errand

_LOG = logging.getLogger(__name__)

# Signatures with a public key only: never `none`, never our own secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_LEEWAY = 60  # seconds between two clocks
FRESH = timedelta(minutes=5)
_KEPT = 3600.0  # seconds: what discovery said
_KEYS_ASKED_EVERY = 60.0  # seconds: a forged key name makes nobody ask for keys in a loop
_LARGEST = 256 * 1024  # bytes of an answer
_SCOPE = "openid email profile"
_PATIENCE = aiohttp.ClientTimeout(total=10)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Unavailable(TemporaryFailure):
    """Votre organisation ne répond pas : réessayez dans un instant, ou connectez-vous par mot de passe."""  # noqa: E501


@dataclass(slots=True)
class Provider:
    """Asked by us from the console; nothing that the visitor says chooses an address."""

    organisation: Organisation
    http: aiohttp.ClientSession
    clock: Clock
    _found: dict[str, Any] = field(default_factory=dict, init=False)
    _found_at: float = field(default=0.0, init=False)
    _keys: KeySet | None = field(default=None, init=False)
    _keys_at: float = field(default=0.0, init=False)

    async def door(self, errand: Errand, back: str) -> str:
        """Where to send the browser. Raises Unavailable."""
        found = await self._metadata()
        again = {"prompt": "login", "max_age": "0"} if errand.fresh else {}
        return str(
            prepare_grant_uri(
                found["authorization_endpoint"],
                client_id=self.organisation.client_id,
                response_type="code",
                redirect_uri=back,
                scope=_SCOPE,
                state=errand.state,
                nonce=errand.nonce,
                code_challenge=create_s256_code_challenge(errand.verifier),
                code_challenge_method="S256",
                **again,
            )
        )

    async def vouched(self, errand: Errand, code: str, back: str) -> Vouched:
        """What it signs of whoever brought the code. Raises NotVouched or Unavailable."""
        token = await self._exchanged(errand, code, back)
        try:
            claims = await self._checked(errand, token)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            # Its words may hold names.
            _LOG.warning("%s: %s", self.organisation.id, type(error).__name__)
            raise NotVouched from error
        return self._read(errand, await self._completed(claims, token))

    async def _exchanged(self, errand: Errand, code: str, back: str) -> Mapping[str, Any]:
        found, organisation = await self._metadata(), self.organisation
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": organisation.client_id,
            "code_verifier": errand.verifier,
        }
        headers: dict[str, str] = {}
        if organisation.secret:
            # RFC 6749, 2.3.1: both are form-encoded first.
            pair = f"{quote_plus(organisation.client_id)}:{quote_plus(organisation.secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = await self._asked("POST", found["token_endpoint"], data=form, headers=headers)
        if not isinstance(answer.get("id_token"), str):
            raise NotVouched
        return answer

    async def _checked(self, errand: Errand, token: Mapping[str, Any]) -> dict[str, Any]:
        """The claims of the ID token. Raises what authlib and joserfc raise."""
        decoded = await self._opened(token["id_token"])
        issuer, client = self.organisation.issuer, self.organisation.client_id
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": client},
            },
            params={
                "nonce": errand.nonce,
                "client_id": client,
                "access_token": token.get("access_token"),
            },
        )
        claims.validate(int(self.clock().timestamp()), _LEEWAY)
        return dict(claims)

    async def _opened(self, signed: str) -> jwt.Token:
        """Keys turn over: one that is not known yet is asked for, once in a while."""
        keys = await self._known_keys(newer=False)
        try:
            return jwt.decode(signed, keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            fresh = await self._known_keys(newer=True)
            if fresh is keys:
                raise
            return jwt.decode(signed, fresh, algorithms=list(ALGORITHMS))

    async def _completed(
        self, claims: dict[str, Any], token: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """With what some providers say at `userinfo` only, of the same subject."""
        organisation, found = self.organisation, await self._metadata()
        wanted = {organisation.login_claim, organisation.role_claim}
        if wanted <= claims.keys() or "userinfo_endpoint" not in found:
            return claims
        headers = {"Authorization": f"Bearer {token.get('access_token', '')}"}
        more = await self._asked("GET", found["userinfo_endpoint"], headers=headers)
        if more.get("sub") != claims["sub"]:
            raise NotVouched
        return {**more, **claims}

    def _read(self, errand: Errand, claims: Mapping[str, Any]) -> Vouched:
        organisation = self.organisation
        login, roles = claims.get(organisation.login_claim), claims.get(organisation.role_claim)
        unproved = organisation.login_claim == "email" and claims.get("email_verified") is False
        if not isinstance(login, str) or not login or unproved:
            raise NotVouched
        when = claims.get("auth_time")
        proved = datetime.fromtimestamp(when, UTC) if isinstance(when, int | float) else None
        if errand.fresh and (proved is None or proved < self.clock() - FRESH):
            raise NotVouched
        values = [roles] if isinstance(roles, str) else roles if isinstance(roles, list) else []
        said = frozenset(value for value in values if isinstance(value, str))
        return Vouched(str(claims["sub"]), login, said, proved)

    async def _metadata(self) -> Mapping[str, Any]:
        if not self._found or time.monotonic() > self._found_at + _KEPT:
            issuer = self.organisation.issuer
            url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
            found = await self._asked("GET", url)
            needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            if found.get("issuer") != issuer or not all(_is_safe(found.get(n)) for n in needed):
                raise Unavailable
            self._found, self._found_at = found, time.monotonic()
        return self._found

    async def _known_keys(self, *, newer: bool) -> KeySet:
        age = time.monotonic() - self._keys_at
        if self._keys is None or (newer and age > _KEYS_ASKED_EVERY):
            found = await self._asked("GET", (await self._metadata())["jwks_uri"])
            try:
                self._keys = KeySet.import_key_set(found)  # type: ignore[arg-type] # as it came
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise Unavailable from error
            self._keys_at = time.monotonic()
        return self._keys

    async def _asked(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """Its JSON. A refusal of the code is NotVouched; anything else is Unavailable."""
        try:
            async with self.http.request(
                method, url, allow_redirects=False, timeout=_PATIENCE, **options
            ) as answer:
                if answer.status in (400, 401, 403):
                    raise NotVouched
                if answer.status != 200:
                    raise Unavailable
                body = bytearray()
                async for chunk in answer.content.iter_chunked(16 * 1024):
                    body += chunk
                    if len(body) > _LARGEST:
                        raise Unavailable
            found = json.loads(body)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unavailable from error
        if not isinstance(found, dict):
            raise Unavailable
        return found


def _is_safe(url: object) -> bool:
    """By https, but on the machine itself: codes and secrets travel there."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
