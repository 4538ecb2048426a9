"""signal-cli's methods about the account and people's keys, on the stand-in."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from appservice.demo.standins.signal_world import SignalWorld

Params = Mapping[str, object]

GOOD_CAPTCHA = "signalcaptcha://good"
CODE = "123456"
LINK = "sgnl://linkdevice?uuid=stand-in&pub_key=stand-in"
_DAY = 24 * 3600 * 1000


@dataclass(slots=True)
class Account:
    """What may be wrong with it. `seen` is when its devices last connected (ms), by id."""

    missing: bool = False
    version: str = "0.14.6"
    registers_by_captcha: bool = False
    seen: dict[int, int] = field(default_factory=dict)


class AccountRefused(Exception):
    """The message of an error answer with code -1."""


class AccountMethods:
    """One function a method, in a dictionary; those of `bare` need no account."""

    def __init__(self, world: SignalWorld, account: Account, passed: Callable[[], None]) -> None:
        self._world = world
        self._account = account
        self._passed = passed  # the challenge that Signal asked
        self.bare: Mapping[str, Callable[[Params], object]] = {
            "version": lambda _: {"version": account.version},
            "listAccounts": self._list,
            "startLink": lambda _: {"deviceLinkUri": LINK},
            "finishLink": self._link,
            "register": self._register,
            "verify": self._verify,
        }
        self.table: Mapping[str, Callable[[Params], object]] = {
            "listDevices": self._devices,
            "listIdentities": self._identities,
            "trust": self._trust,
            "submitRateLimitChallenge": self._challenge,
        }

    @property
    def _number(self) -> str:
        return self._world.who(self._world.service).number

    def _list(self, _: Params) -> object:
        return [] if self._account.missing else [{"number": self._number}]

    def _link(self, params: Params) -> object:
        if params.get("deviceLinkUri") != LINK:
            raise AccountRefused("Unknown device link uri.")
        self._account.missing = False
        return {"number": self._number}

    def _register(self, params: Params) -> object:
        if self._account.registers_by_captcha and params.get("captcha") != GOOD_CAPTCHA:
            raise AccountRefused("Captcha required for verification, use --captcha CAPTCHA")
        return {}

    def _verify(self, params: Params) -> object:
        if params.get("verificationCode") != CODE:
            raise AccountRefused("Verification failed! Invalid code.")
        self._account.missing = False
        return {}

    def _devices(self, _: Params) -> object:
        now = self._world.next_stamp()
        seen = self._account.seen or {1: now, 2: now}
        return [
            {"id": number, "name": None, "createdTimestamp": 0, "lastSeenTimestamp": at}
            for number, at in seen.items()
        ]

    def _identities(self, params: Params) -> object:
        asked = params.get("number")
        return [
            {
                "number": person.public_number,
                "uuid": person.aci,
                "fingerprint": hashlib.sha256(person.aci.encode()).hexdigest(),
                "safetyNumber": safety_number(person.aci),
                "scannableSafetyNumber": None,
                "trustLevel": "UNTRUSTED" if person.new_phone else "TRUSTED_UNVERIFIED",
                "addedTimestamp": 0,
            }
            for person in self._world.register.people.values()
            if asked in (None, person.aci, person.number)
        ]

    def _trust(self, params: Params) -> object:
        for person in self._world.register.people.values():
            if params.get("recipient") in (person.aci, person.number):
                wanted = params.get("verifiedSafetyNumber")
                if wanted not in (None, safety_number(person.aci).replace(" ", "")):
                    raise AccountRefused("Failed to set the trust for this number, no such key")
                person.new_phone = False
        return {}

    def _challenge(self, params: Params) -> object:
        if params.get("captcha") != GOOD_CAPTCHA:
            raise AccountRefused("Captcha rejected, it may be outdated or already used.")
        self._passed()
        return {}


def safety_number(aci: str) -> str:
    """Sixty digits in groups of five."""
    digits = str(int(hashlib.sha512(aci.encode()).hexdigest(), 16))[:60]
    return " ".join(digits[at : at + 5] for at in range(0, 60, 5))


def days_ago(world: SignalWorld, days: int) -> int:
    """That long before now, in ms."""
    return world.next_stamp() - days * _DAY
