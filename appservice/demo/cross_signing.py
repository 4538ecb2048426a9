"""A person's cross-signing identity, made by hand: matrix-nio has none (Matrix spec, 11.12)."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appservice.demo.failure import HomeserverFailed
from appservice.demo.homeserver import Account

USAGES = ("master", "self_signing", "user_signing")
Json = dict[str, Any]


async def cross_sign(homeserver: str, account: Account) -> Ed25519PrivateKey | None:
    """Gives the account an identity that vouches for its device; None if it has one already.

    The key that is returned signs the person's other devices.
    """
    async with _session(account) as http:
        url = _keys_url(homeserver)
        known = await _post(http, f"{url}/query", {"device_keys": {account.mxid: []}})
        if account.mxid in known.get("master_keys", {}):
            return None
        keys = {usage: Ed25519PrivateKey.generate() for usage in USAGES}
        public = {f"{usage}_key": _key(account.mxid, usage, keys) for usage in USAGES}
        await _post(http, f"{url}/device_signing/upload", public)
    await sign_device(homeserver, account, account.device_id, keys["self_signing"])
    return keys["self_signing"]


async def sign_device(
    homeserver: str, account: Account, device_id: str, key: Ed25519PrivateKey
) -> None:
    """The person's identity vouches for a device of theirs."""
    async with _session(account) as http:
        url = _keys_url(homeserver)
        known = await _post(http, f"{url}/query", {"device_keys": {account.mxid: [device_id]}})
        device = known["device_keys"][account.mxid][device_id]
        _sign(device, account.mxid, key)
        await _post(http, f"{url}/signatures/upload", {account.mxid: {device_id: device}})


def _session(account: Account) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {account.access_token}"})


def _keys_url(homeserver: str) -> str:
    return f"{homeserver.rstrip('/')}/_matrix/client/v3/keys"


def _key(mxid: str, usage: str, keys: Mapping[str, Ed25519PrivateKey]) -> Json:
    name = _public(keys[usage])
    key: Json = {"user_id": mxid, "usage": [usage], "keys": {f"ed25519:{name}": name}}
    if usage != "master":
        _sign(key, mxid, keys["master"])
    return key


def _sign(content: Json, mxid: str, key: Ed25519PrivateKey) -> None:
    bare = {name: content[name] for name in content if name not in ("signatures", "unsigned")}
    canonical = json.dumps(bare, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    content.pop("unsigned", None)
    signature = _unpadded(key.sign(canonical.encode()))
    content["signatures"] = {mxid: {f"ed25519:{_public(key)}": signature}}


def _public(key: Ed25519PrivateKey) -> str:
    return _unpadded(key.public_key().public_bytes_raw())


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()


async def _post(http: aiohttp.ClientSession, url: str, body: Json) -> Json:
    async with http.post(url, json=body) as response:
        answer: Json = await response.json()
        if response.status != 200:
            raise HomeserverFailed(f"{response.status} {answer.get('errcode')}")
        return answer
