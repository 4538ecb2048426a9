"""The Signal channel: sends, receives and looks after itself, through signal-cli."""

from bridges.protocol import (
    Abilities,
    Health,
    Outcome,
    Outgoing,
    Rejected,
    Sink,
    Throttled,
    Trouble,
    Unknown,
)
from bridges.signal.calls import call_for
from bridges.signal.client import SignalClient
from bridges.signal.envelope import Own
from bridges.signal.errors import (
    ACCOUNT_GONE,
    CallRefused,
    InvalidCall,
    Meaning,
    NoAnswer,
    NotSent,
    Reading,
    SignalFailure,
    read_refusal,
)
from bridges.signal.groups import SignalGroups
from bridges.signal.hearing import Hearing
from bridges.signal.incoming import Incoming
from bridges.signal.outcome import outcome_of, read_answer, read_each
from bridges.signal.reach import AT_REST, BEFORE_SPEAKING, Clock, Reach
from bridges.signal.settings import SignalSettings
from bridges.signal.troubles import Troubles

_DOWN = Health(ok=False, code="signal_down", advice="signal-cli ne répond pas : Signal attend.")
_RETRY_AFTER = 5.0
_DRAIN = 5.0
_ACCOUNT = "account"
_DOOR = "door"
_FADES, _SLOWED = Trouble("device_fades"), Trouble("rate_limited")


class SignalBridge(SignalGroups):
    """One Signal account as a channel; implements `Bridge` and `Groups`."""

    abilities = Abilities(
        edits=True, deletes=True, reactions=True, groups=True, attachments=True, receipts=True
    )

    def __init__(self, settings: SignalSettings, clock: Clock | None = None) -> None:
        self.name = settings.name
        self._settings = settings
        self._troubles = Troubles()
        client = SignalClient(settings)
        super().__init__(client, Own(settings.account, settings.aci))
        self._reach = Reach(client, clock)
        self._slowed = False  # Signal said « later » to the last message
        incoming = Incoming(settings, client, lambda: self._own, self._troubles)
        self._hearing = Hearing(settings, incoming.understand, self._unheard)

    async def start(self, sink: Sink) -> None:
        await self._client.start()
        if self._settings.receives:
            await self._hearing.start(sink)

    async def stop(self) -> None:
        await self._hearing.stop(_DRAIN)
        await self._client.stop()

    @property
    def connected(self) -> bool:
        """Whether a call would be written now."""
        return self._client.ready

    async def send(self, message: Outgoing) -> Outcome:
        try:
            method, params = call_for(message, self._settings.account)
            if away := await self._away(BEFORE_SPEAKING):
                return outcome_of(away)
            answer = await self._client.call(method, params)
        except InvalidCall as error:
            return Rejected(error.code)
        except NotSent:
            return Throttled(_RETRY_AFTER, "signal_down")
        except NoAnswer:
            self._reach.doubted()
            return Unknown("no_answer")
        except CallRefused as error:
            return self._failed(message, read_refusal(error), {"results": error.results})
        read = read_answer(answer)
        if isinstance(read, Reading):
            return self._failed(message, read, answer)
        self._passed(message, answer)
        return read

    async def _away(self, holds: float) -> Reading | None:
        """What keeps every message from leaving."""
        away = await self._reach.ask(holds)
        if away is None:
            if self._troubles.over(_DOOR):
                # What listened for the account that was gone hears nothing of the new one.
                self._hearing.again()
        else:
            self._troubles.noted(_DOOR, away)
        return away

    async def health(self) -> Health:
        try:
            await self._client.call("version", {}, bare=True)
            away = await self._away(AT_REST)
        except SignalFailure:
            return _DOWN
        aside = tuple(
            trouble
            for trouble, is_so in ((_SLOWED, self._slowed), (_FADES, self._reach.fading))
            if is_so
        )
        if away is not None and away.meaning is Meaning.TEMPORARY:
            return Health(False, away.code, away.advice)
        trouble = self._troubles.first
        if trouble is not None:
            return Health(False, trouble.code, trouble.advice, self._troubles.known + aside)
        return Health(ok=True, troubles=aside)

    def _passed(self, message: Outgoing, answer: object) -> None:
        """The conversation works; of a group, whoever was not reached may need a human."""
        self._reach.proved()
        self._slowed = False
        self._troubles.over(message.target)
        self._troubles.over(_ACCOUNT)
        for name, reading in read_each(answer).items():
            if reading is None:
                self._troubles.over(name)
            else:
                self._troubles.noted(name, reading)

    def _failed(self, message: Outgoing, reading: Reading, answer: object) -> Outcome:
        """By whose phone it is when that is said: of a group, nobody may have been reached."""
        self._slowed = reading.code == _SLOWED.code
        gone = reading == ACCOUNT_GONE
        if gone or reading.meaning is Meaning.UNKNOWN:
            self._reach.doubted()
        about = {name: one for name, one in read_each(answer).items() if one is not None}
        for name, one in (about or {_DOOR if gone else message.target: reading}).items():
            self._troubles.noted(name, one)
        return outcome_of(reading)

    def _unheard(self, refusal: CallRefused) -> None:
        """signal-cli won't hand over what this account receives."""
        self._troubles.noted(_ACCOUNT, read_refusal(refusal))
