"""What people prove themselves with: passwords hashed slowly, and codes of a generator."""

import asyncio
import base64
import hashlib
import hmac
import os
from datetime import datetime

import pyotp

_ISSUER = "Maillage"
_PERIOD = 30  # seconds
# scrypt: 64 MiB and about a quarter of a second, so that a stolen table is of little use.
_COST, _BLOCK, _LANES = 2**16, 8, 1
_MEMORY = 128 * 2**20
_SALT = 16


class ScryptPasswords:
    """Implements `ports.console.Passwords`. A hash holds its own parameters.

    Two at a time in each instance: a crowd at the door waits, it does not fill the memory.
    """

    def __init__(self) -> None:
        self._at_once = asyncio.Semaphore(2)

    async def hash(self, password: str) -> str:
        salt = os.urandom(_SALT)
        derived = await self._derive(password, salt, _COST)
        return f"scrypt${_COST}${_text(salt)}${_text(derived)}"

    async def matches(self, password: str, hashed: str) -> bool:
        if not hashed:
            await self._derive(password, bytes(_SALT), _COST)
            return False
        _, cost, salt, expected = hashed.split("$")
        derived = await self._derive(password, base64.b64decode(salt), int(cost))
        return hmac.compare_digest(derived, base64.b64decode(expected))

    async def _derive(self, password: str, salt: bytes, cost: int) -> bytes:
        async with self._at_once:
            return await asyncio.to_thread(_derive, password, salt, cost)


class TotpCodes:
    """Implements `ports.console.Codes`. A phone's clock may be half a minute off."""

    def new_secret(self) -> str:
        return pyotp.random_base32()

    def step(self, secret: str, code: str, now: datetime) -> int | None:
        digits = "".join(code.split())
        if not (len(digits) == 6 and digits.isascii() and digits.isdecimal()):
            return None
        generator = pyotp.TOTP(secret, interval=_PERIOD)
        step = int(now.timestamp()) // _PERIOD
        for near in (step, step - 1, step + 1):
            if hmac.compare_digest(generator.generate_otp(near), digits):
                return near
        return None

    def address(self, secret: str, login: str) -> str:
        generator = pyotp.TOTP(secret, interval=_PERIOD)
        return generator.provisioning_uri(name=login, issuer_name=_ISSUER)


def _derive(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=_BLOCK, p=_LANES, maxmem=_MEMORY, dklen=32
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
