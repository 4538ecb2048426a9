"""What `share` stands on: vodozemac in batches, the same calls, one write, nothing remembered."""

import base64
import json
import secrets
from dataclasses import dataclass, replace

import asyncpg
import vodozemac

from appservice.matrix.api import Api, Json, segment
from appservice.matrix.crypto.share import MEGOLM
from appservice.matrix.crypto.signing import canonical

OLM = "m.olm.v1.curve25519-aes-sha2"
TABLE = "CREATE TABLE IF NOT EXISTS sessions (key text, pickle text)"
WRITE = "INSERT INTO sessions SELECT * FROM unnest($1::text[], $2::text[])"
Device = tuple[str, str, str, str]  # user, device, Curve25519, Ed25519


@dataclass(slots=True)
class BareDevice:
    """A device of the bot that shares keys and does nothing else."""

    api: Api
    database: "asyncpg.Connection[asyncpg.Record]"
    account: vodozemac.Account

    @classmethod
    async def make(cls, bot: Api, dsn: str) -> "BareDevice":
        database = await asyncpg.connect(dsn)
        await database.execute(TABLE)
        name = f"BARE{secrets.token_hex(4).upper()}"
        await bot.call("PUT", f"/devices/{name}", {"display_name": ""})
        device = cls(replace(bot, device_id=name), database, vodozemac.Account())
        await device.api.call("POST", "/keys/upload", {"device_keys": device._shown()})
        return device

    async def share(self, room: str) -> int:
        """A new session given to every device in the room; how many."""
        path = f"/rooms/{segment(room)}/joined_members"
        joined = set((await self.api.call("GET", path))["joined"]) - {self.api.user_id}
        wish: Json = {"device_keys": {user: [] for user in joined}}
        devices = _sound(await self.api.call("POST", "/keys/query", wish))
        sessions = await self._sessions(devices)
        group = vodozemac.GroupSession()
        key = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": group.session_id,
            "session_key": group.session_key.to_base64(),
        }
        messages: dict[str, Json] = {}
        for device, session in sessions:
            messages.setdefault(device[0], {})[device[1]] = self._seal(device, session, key)
        pickles = [session.pickle(b"k" * 32) for _, session in sessions]
        await self.database.execute(WRITE, [device[2] for device, _ in sessions], pickles)
        path = f"/sendToDevice/m.room.encrypted/{secrets.token_hex(6)}"
        await self.api.call("PUT", path, {"messages": messages})
        return len(sessions)

    async def _sessions(self, devices: list[Device]) -> list[tuple[Device, vodozemac.Session]]:
        wish: dict[str, dict[str, str]] = {}
        for user, name, _, _ in devices:
            wish.setdefault(user, {})[name] = "signed_curve25519"
        answer = await self.api.call("POST", "/keys/claim", {"one_time_keys": wish})
        sessions = []
        for device in devices:
            user, name, identity, signing = device
            given = answer["one_time_keys"].get(user, {}).get(name, {})
            content = next(iter(given.values()), None)
            if content is None or not _holds(content, user, name, signing):
                continue
            keys = [
                vodozemac.Curve25519PublicKey.from_base64(k) for k in (identity, content["key"])
            ]
            sessions.append((device, self.account.create_outbound_session(*keys)))
        return sessions

    def _seal(self, device: Device, session: vodozemac.Session, key: Json) -> Json:
        user, _, identity, signing = device
        payload = {
            "type": "m.room_key",
            "content": key,
            "sender": self.api.user_id,
            "sender_device": self.api.device_id,
            "keys": {"ed25519": self.account.ed25519_key.to_base64()},
            "recipient": user,
            "recipient_keys": {"ed25519": signing},
        }
        kind, raw = session.encrypt(json.dumps(payload).encode()).to_parts()
        body = base64.b64encode(raw).rstrip(b"=").decode()
        return {
            "algorithm": OLM,
            "sender_key": self.account.curve25519_key.to_base64(),
            "ciphertext": {identity: {"type": kind, "body": body}},
        }

    def _shown(self) -> Json:
        name, user = self.api.device_id, self.api.user_id
        content = {
            "user_id": user,
            "device_id": name,
            "algorithms": [OLM, MEGOLM],
            "keys": {
                f"ed25519:{name}": self.account.ed25519_key.to_base64(),
                f"curve25519:{name}": self.account.curve25519_key.to_base64(),
            },
        }
        signature = self.account.sign(canonical(content)).to_base64()
        return {**content, "signatures": {user: {f"ed25519:{name}": signature}}}


def _sound(answer: Json) -> list[Device]:
    return [
        (user, name, keys["keys"][f"curve25519:{name}"], keys["keys"][f"ed25519:{name}"])
        for user, devices in answer["device_keys"].items()
        for name, keys in devices.items()
        if _holds(keys, user, name, keys["keys"][f"ed25519:{name}"])
    ]


def _holds(content: Json, user: str, name: str, key: str) -> bool:
    try:
        vodozemac.Ed25519PublicKey.from_base64(key).verify_signature(
            canonical(content),
            vodozemac.Ed25519Signature.from_base64(content["signatures"][user][f"ed25519:{name}"]),
        )
    except (KeyError, ValueError):
        return False
    return True
