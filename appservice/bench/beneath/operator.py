"""A mobile operator in small: an SMPP centre, phones behind it, and what may go wrong there."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import gsm0338
import smpp34

from appservice.demo.ports import LOOPBACK, any_free_port

_GSM = gsm0338.Codec()
_HEADED, _RECEIPT = 0x40, 0x04  # esm_class: begins with a header; is a delivery report
_UCS2 = 8
_THROTTLED, _NO_SUCH_NUMBER = 0x58, 0x0B  # command_status
_ID_TAG, _STATE_TAG = 0x001E, 0x0427  # receipted_message_id, message_state (SMPP 3.4)
_PART = {0: 153, _UCS2: 67}
_AGAIN = 0.05
_CARRIED = 0.02  # seconds from the centre to a phone; a report at once would overtake its answer
_STATES = {"DELIVRD": 2, "EXPIRED": 3, "UNDELIV": 5}


@dataclass(frozen=True, slots=True)
class Part:
    """One SMS as it was submitted. `at` is of the loop's clock."""

    number: str
    text: str
    sender: str
    at: float
    reference: int = 0
    total: int = 1
    place: int = 1


@dataclass(slots=True)
class Faults:
    """What goes wrong next."""

    mute: bool = False  # takes texts and answers nothing
    throttle_every: int = 0  # every so manieth text is refused for now
    refused: set[str] = field(default_factory=set)  # numbers that there aren't
    receipt: str = "DELIVRD"  # what reports say; empty: none comes
    early: bool = False  # the report overtakes the answer
    twice: bool = False  # each report comes again
    off: set[str] = field(default_factory=set)  # phones that get nothing before they are on


class Operator:
    """`parts` is everything that was taken, in order; `asked` counts what was submitted."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or any_free_port()
        self.faults = Faults()
        self.parts: list[Part] = []
        self.asked = 0
        self._server: smpp34.Server | None = None
        self._gateways: dict[str, smpp34.Esme] = {}
        self._numbers = itertools.count(1)
        self._references = itertools.count(1)
        self._held: list[smpp34.SubmitSmEvent] = []
        self._kept: dict[str, list[tuple[smpp34.SubmitSmEvent, str]]] = defaultdict(list)
        self._tasks: set[asyncio.Task[object]] = set()

    async def start(self) -> None:
        self._server = smpp34.Server(host=LOOPBACK, port=self.port, system_id="OPERATEUR")
        await self._server.start()
        self._spawn(self._serve(self._server))

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.stop()
            self._server = None

    @property
    def bound(self) -> bool:
        """Whether a gateway is there."""
        return bool(self._gateways)

    def shown(self, number: str) -> list[str]:
        """What that phone reads, long texts put together."""
        return [text for text, _ in self.read(number)]

    def read(self, number: str) -> list[tuple[str, str]]:
        """The same, with the sender of each."""
        heaps: dict[tuple[int, int], dict[int, Part]] = defaultdict(dict)
        found: list[tuple[str, str]] = []
        for part in (part for part in self.parts if part.number == number):
            heap = heaps[part.reference, part.total]
            heap[part.place] = part
            if len(heap) == part.total:
                found.append(("".join(heap[n].text for n in sorted(heap)), part.sender))
                del heaps[part.reference, part.total]
        return found

    async def speak(self) -> None:
        """Answers what it was mute about."""
        self.faults.mute = False
        held, self._held = self._held, []
        for event in held:
            await self._take(event)

    def forget(self) -> None:
        """What it was mute about is lost with the connection it came by."""
        self._held.clear()

    async def turned_on(self, number: str, *, in_time: bool) -> None:
        """That phone gets what was kept for it, unless that was not to be kept for so long."""
        self.faults.off.discard(number)
        for event, id in self._kept.pop(number, []):
            if in_time:
                self.parts.append(_part(event, asyncio.get_running_loop().time()))
            await self._report(event, id, "DELIVRD" if in_time else "EXPIRED")

    async def say(self, number: str, text: str, *, to: str = "38200") -> None:
        """A phone writes to the service; a long text leaves in parts."""
        coding, units = _encoded(text)
        size = _PART[coding] * (2 if coding else 1)
        single = len(units) <= (140 if coding else 160)
        pieces = [units] if single else [units[n : n + size] for n in range(0, len(units), size)]
        reference = next(self._references) % 256
        for place, piece in enumerate(pieces, 1):
            header = b"" if single else bytes((5, 0, 3, reference, len(pieces), place))
            kind = _HEADED if header else 0
            await self._push(number, to, header + piece, data_coding=coding, esm_class=kind)

    async def _push(self, number: str, to: str, data: bytes, **more: Any) -> None:
        """To whichever gateway is there; as an operator does, again until one has taken it."""
        while True:
            for gateway in list(self._gateways.values()):
                with suppress(smpp34.SmppError):  # it may go away before it has answered
                    answer = await gateway.deliver_sm(
                        to, data, source_addr=number.removeprefix("+"), source_addr_ton=1,
                        source_addr_npi=1, **more,
                    )  # fmt: skip
                    if answer.is_success:
                        return
            await asyncio.sleep(_AGAIN)

    async def _serve(self, server: smpp34.Server) -> None:
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                self._gateways[event.session_id] = event
            elif isinstance(event, smpp34.Unbound):
                self._gateways.pop(event.session_id, None)
            else:
                await self._submitted(event)

    async def _submitted(self, event: smpp34.SubmitSmEvent) -> None:
        self.asked += 1
        number = _number(event)
        if self.faults.throttle_every and self.asked % self.faults.throttle_every == 0:
            event.reject(_THROTTLED)
        elif number in self.faults.refused:
            event.reject(_NO_SUCH_NUMBER)
        elif self.faults.mute:
            self._held.append(event)
        else:
            await self._take(event)

    async def _take(self, event: smpp34.SubmitSmEvent) -> None:
        id = f"op{next(self._numbers)}"
        if _number(event) in self.faults.off:
            self._kept[_number(event)].append((event, id))
            event.accept(message_id=id)
            return
        self.parts.append(_part(event, asyncio.get_running_loop().time()))
        wanted = bool(self.faults.receipt and event.registered_delivery & 1)
        if wanted and self.faults.early:
            await self._report(event, id)
        event.accept(message_id=id)
        if wanted and not self.faults.early:
            self._spawn(self._carry(event, id))

    async def _carry(self, event: smpp34.SubmitSmEvent, id: str) -> None:
        await asyncio.sleep(_CARRIED)
        await self._report(event, id)
        if self.faults.twice:
            await self._report(event, id)

    async def _report(self, event: smpp34.SubmitSmEvent, id: str, said: str = "") -> None:
        state = said or self.faults.receipt
        text = (
            f"id:{id} sub:001 dlvrd:001 submit date:2611210800 done date:2611210800 "
            f"stat:{state} err:000 text:"
        )
        tlvs = [
            smpp34.Tlv(_ID_TAG, id.encode() + b"\0"),
            smpp34.Tlv(_STATE_TAG, bytes((_STATES[state],))),
        ]
        number, to = event.destination_addr, event.source_addr
        await self._push(number, to, text.encode(), esm_class=_RECEIPT, tlvs=tlvs)

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _number(event: smpp34.SubmitSmEvent) -> str:
    return "+" + event.destination_addr.removeprefix("+")


def _part(event: smpp34.SubmitSmEvent, at: float) -> Part:
    data, header = event.short_message, b""
    if event.esm_class & _HEADED:
        header, data = data[: data[0] + 1], data[data[0] + 1 :]
    text = (
        data.decode("utf-16-be", "replace") if event.data_coding == _UCS2 else _GSM.decode(data)[0]
    )
    number, sender = _number(event), event.source_addr
    if not header:
        return Part(number, text, sender, at)
    return Part(number, text, sender, at, header[3], header[4], header[5])


def _encoded(text: str) -> tuple[int, bytes]:
    try:
        return 0, bytes(_GSM.encode(text)[0])
    except UnicodeError:
        return _UCS2, text.encode("utf-16-be")
