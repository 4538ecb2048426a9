"""Users with devices by the hundred, made through the service's token: no password, no client."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import vodozemac

from appservice.matrix.api import Api, Json, MatrixError, segment
from appservice.matrix.crypto.share import MEGOLM
from appservice.matrix.crypto.signing import canonical

AT_ONCE = 8
DEVICES_EACH = 2  # a telephone and a computer
ONE_TIME_KEYS = 12
T = TypeVar("T")


async def each(things: Iterable[T], work: Callable[[T], Awaitable[object]]) -> None:
    """Several at a time."""
    waiting = iter(things)

    async def hand() -> None:
        for thing in waiting:
            await work(thing)

    await asyncio.gather(*(hand() for _ in range(AT_ONCE)))


@dataclass(frozen=True, slots=True)
class Crowd:
    """People whom the service's token speaks for."""

    bot: Api
    people: Sequence[str]  # user ids

    async def appear(self) -> None:
        """Accounts, and two devices each with keys to write to them with."""
        await each(self.people, self._appear)

    async def join(self, room: str) -> None:
        await each(self.people, lambda user: self._join(room, user))

    async def _appear(self, user: str) -> None:
        wish = {
            "type": "m.login.application_service",
            "username": user[1:].partition(":")[0],
            "inhibit_login": True,
        }
        await replace(self.bot, user_id="").call("POST", "/register", wish)
        for number in range(DEVICES_EACH):
            device = f"DEVICE{number}"
            own = replace(self.bot, user_id=user)
            await own.call("PUT", f"/devices/{device}", {"display_name": ""})
            keys = device_keys(user, device)
            await replace(own, device_id=device).call("POST", "/keys/upload", keys)

    async def _join(self, room: str, user: str) -> None:
        await replace(self.bot, user_id=user).call("POST", f"/join/{segment(room)}", {})


def device_keys(user: str, device: str) -> Json:
    """What a client uploads at its first start; nobody keeps the secrets."""
    account = vodozemac.Account()
    account.generate_one_time_keys(ONE_TIME_KEYS)

    def signed(content: Json) -> Json:
        signature = account.sign(canonical(content)).to_base64()
        return {**content, "signatures": {user: {f"ed25519:{device}": signature}}}

    return {
        "device_keys": signed(
            {
                "user_id": user,
                "device_id": device,
                "algorithms": ["m.olm.v1.curve25519-aes-sha2", MEGOLM],
                "keys": {
                    f"ed25519:{device}": account.ed25519_key.to_base64(),
                    f"curve25519:{device}": account.curve25519_key.to_base64(),
                },
            }
        ),
        "one_time_keys": {
            f"signed_curve25519:{name}": signed({"key": key.to_base64()})
            for name, key in account.one_time_keys.items()
        },
    }


async def open_room(bot: Api, *, encrypted: bool, writable: bool = True) -> str:
    """Anybody may come in: the gate governs the rooms of the product, and this is none."""
    state: list[Mapping[str, object]] = [
        {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}
    ]
    if encrypted:
        state.append({"type": "m.room.encryption", "content": {"algorithm": MEGOLM}})
    wish = {
        "preset": "public_chat",
        "initial_state": [{"state_key": "", **event} for event in state],
        "power_level_content_override": {"events_default": 0 if writable else 100},
    }
    try:
        return str((await bot.call("POST", "/createRoom", wish))["room_id"])
    except MatrixError as refusal:
        raise ConnectionError(refusal.errcode) from refusal
