"""The Signal account itself: made, linked, challenged, trusted; what a person does by hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bridges.signal.calls import person
from bridges.signal.client import SignalClient
from bridges.signal.errors import CallRefused, InvalidCall
from bridges.signal.settings import SignalSettings

LINK_PATIENCE = 300.0  # seconds in which somebody takes their phone out and scans
UNTRUSTED = "UNTRUSTED"
EXPIRES = timedelta(days=30)  # a linked device that is not seen
SOON = timedelta(days=20)
PRIMARY = 1


@dataclass(frozen=True, slots=True)
class Device:
    """One device of the account."""

    id: int
    name: str
    seen: datetime | None  # to the day, as Signal says it


@dataclass(frozen=True, slots=True)
class Identity:
    """The key of somebody's phone. `safety_number` is what both can compare."""

    aci: str
    number: str
    safety_number: str
    trusted: bool


class SignalAccount:
    """Beside the running service: a connection that calls and never listens.

    Every verb raises SignalFailure.
    """

    def __init__(self, settings: SignalSettings) -> None:
        self._client = SignalClient(settings)
        self._account = settings.account

    async def start(self) -> None:
        """Connects; the first verb says whether that worked."""
        await self._client.start()

    async def stop(self) -> None:
        await self._client.stop()

    async def version(self) -> str:
        """What signal-cli calls itself."""
        answer = await self._client.call("version", {}, bare=True)
        return str(answer.get("version") if isinstance(answer, Mapping) else "?")

    async def accounts(self) -> Sequence[str]:
        """Every number that this signal-cli holds."""
        found = await self._client.call("listAccounts", {}, bare=True)
        return [str(one["number"]) for one in _entries(found) if one.get("number")]

    async def devices(self) -> Sequence[Device]:
        """The phone and what is linked to it."""
        return read_devices(await self._client.call("listDevices", {}))

    async def identities(self, who: str | None = None) -> Sequence[Identity]:
        """The keys that are known of somebody (ACI or number), or of everybody; latest last."""
        params = {} if who is None else {"number": person(who)}
        found = _entries(await self._client.call("listIdentities", params))
        return [
            Identity(
                str(one.get("uuid") or ""),
                str(one.get("number") or ""),
                str(one.get("safetyNumber") or ""),
                one.get("trustLevel") != UNTRUSTED,
            )
            for one in sorted(found, key=lambda one: str(one.get("addedTimestamp")))
        ]

    async def trust(self, who: str, safety_number: str | None = None) -> None:
        """Accepts the key: the one with that number, compared by two people, or any known."""
        wish: dict[str, object] = {"recipient": person(who)}
        if safety_number is None:
            wish["trustAllKnownKeys"] = True
        else:
            wish["verifiedSafetyNumber"] = "".join(safety_number.split())
        await self._client.call("trust", wish)

    async def challenge(self, token: str, captcha: str) -> None:
        """Proves to Signal that a person is there."""
        await self._client.call(
            "submitRateLimitChallenge", {"challenge": token, "captcha": captcha}
        )

    async def register(self, captcha: str | None, *, voice: bool) -> None:
        """Asks Signal for a code, by SMS or voice, on the account's telephone."""
        wish: dict[str, object] = {"voice": voice}
        if captcha is not None:
            wish["captcha"] = captcha
        await self._client.call("register", wish)

    async def verify(self, code: str, pin: str | None) -> None:
        """Ends the registration with the code that came."""
        wish: dict[str, object] = {"verificationCode": code}
        if pin is not None:
            wish["pin"] = pin
        await self._client.call("verify", wish)

    async def link(self, name: str, show: Callable[[str], None]) -> str:
        """Makes this signal-cli a device of a phone, which scans what is shown.

        Returns the number of the account. Raises InvalidCall when the answer names none.
        """
        started = await self._client.call("startLink", {}, bare=True)
        uri = started.get("deviceLinkUri") if isinstance(started, Mapping) else None
        if not isinstance(uri, str):
            raise InvalidCall("no_link")
        show(uri)
        wish = {"deviceLinkUri": uri, "deviceName": name}
        linked = await self._client.call("finishLink", wish, LINK_PATIENCE, bare=True)
        number = linked.get("number") if isinstance(linked, Mapping) else None
        if not isinstance(number, str):
            raise InvalidCall("no_account")
        return number


def read_devices(found: object) -> Sequence[Device]:
    """What `listDevices` answers."""
    return [
        Device(int(str(one["id"])), str(one.get("name") or ""), _time(one))
        for one in _entries(found)
        if "id" in one
    ]


def fading(devices: Sequence[Device], now: datetime) -> Sequence[Device]:
    """Linked ones that have not served for so long that Signal will unlink them."""
    return [
        one
        for one in devices
        if one.id != PRIMARY and one.seen is not None and now - one.seen > SOON
    ]


def captcha_wanted(refused: CallRefused) -> bool:
    """Whether Signal first wants to know that a person is there."""
    return "captcha required" in refused.message.lower()


def captcha_rejected(refused: CallRefused) -> bool:
    """Whether the captcha was used, too old, or made at another address; -6 since 0.14.3."""
    said = refused.message.lower()
    return refused.code == -6 or "captcha rejected" in said or "invalid captcha" in said


def _entries(found: object) -> Sequence[Mapping[str, object]]:
    items = found if isinstance(found, list) else []
    return [one for one in items if isinstance(one, Mapping)]


def _time(device: Mapping[str, object]) -> datetime | None:
    at = device.get("lastSeenTimestamp")
    return datetime.fromtimestamp(at / 1000, UTC) if isinstance(at, int) and at > 0 else None
