"""Debian's gammu-smsd with its dummy phone, between our transport and a PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from support.bridge_worlds import eventually
from support.bridges import RecordingSink
from support.gammu_standin import make_tables
from support.programs import program

from appservice.app import clock
from appservice.demo.child import start_child, wait_until
from appservice.demo.database import Postgres
from bridges.protocol import Accepted, Message, Outgoing, Receipt, ReceiptState
from bridges.sms.bridge import SmsBridge, message_id
from bridges.sms.gammu import Gammu
from bridges.sms.settings import GammuSettings

pytestmark = [pytest.mark.e2e, pytest.mark.sms_real]

MODEM = """[gammu]
model = dummy
connection = none
port = {phone}
gammuloc = /dev/null

[smsd]
service = sql
driver = native_pgsql
host = {socket}
user = {database}
password = none
database = {database}
logfile = {log}
CheckSecurity = 0
CheckBattery = 0
CheckSignal = 0
CheckNetwork = 0
CommTimeout = 1
LoopSleep = 1
ReceiveFrequency = 1
DeliveryReportDelay = 86400
DeliveryReport = sms
"""
# What the dummy phone finds in its memory: an SMS, or the report of one that it sent.
MEMORY = """[SMSBackup000]
PDU = {kind}
SMSC = "123456"
SMSCUnicode = 003100320033003400350036
DateTime = {at}
SMSCDateTime = {at}
State = UnRead
Number = "{number}"
NumberUnicode = {number_hex}
Name = ""
NameUnicode =
Text00 = {text_hex}
Coding = {coding}
Folder = 1
Length = {length}
Class = -1
ReplySMSC = False
RejectDuplicates = False
ReplaceMessage = 0
MessageReference = {reference}
DeliveryStatus = 0
"""


@dataclass(slots=True)
class Modem:
    """A database with a real gammu-smsd on it, and the phone's memory."""

    dsn: str
    phone: Path

    def bridge(self, poll: float = 0.1) -> SmsBridge:
        settings = GammuSettings(dsn=self.dsn, sender="MANTES", secret="s3cret", poll=poll)
        return SmsBridge(Gammu(settings, clock), settings)

    def finds(self, kind: str, number: str, text: str, reference: int) -> None:
        """One more thing in the phone's memory."""
        inbox = self.phone / "sms" / "1"
        inbox.mkdir(parents=True, exist_ok=True)
        written = MEMORY.format(
            kind=kind, number=number, number_hex=_hex(number), text_hex=_hex(text),
            length=len(text), reference=reference, at=f"{clock():%Y%m%dT%H%M%SZ}",
            coding="Default_No_Compression" if text.isascii() else "Unicode_No_Compression",
        )  # fmt: skip
        fresh = self.phone / "fresh"
        fresh.write_text(written, "ascii")
        fresh.rename(inbox / "1")

    async def rows(self, sql: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()


def _hex(text: str) -> str:
    return text.encode("utf-16-be").hex().upper()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def modem(
    postgres: Postgres,
    fresh_database: Callable[[], Awaitable[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Modem]:
    dsn, folder = await fresh_database(), tmp_path_factory.mktemp("gammu")
    await make_tables(dsn)
    (folder / "phone").mkdir()
    written = MODEM.format(
        phone=folder / "phone",
        socket=postgres.socket_folder,
        database=dsn.rpartition("@/")[2].partition("?")[0],
        log=folder / "log",
    )
    (folder / "smsdrc").write_text(written)
    command = [program("gammu-smsd"), "--config", str(folder / "smsdrc")]
    daemon = await start_child(command, folder / "out")
    yield Modem(dsn, folder / "phone")
    await daemon.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def sink() -> RecordingSink:
    return RecordingSink()


async def served(bridge: SmsBridge) -> None:
    async def healthy() -> bool:
        return (await bridge.health()).ok

    await wait_until(healthy, "gammu-smsd")


async def test_the_whole_trip_of_a_text_and_of_an_answer(
    modem: Modem, sink: RecordingSink
) -> None:
    bridge = modem.bridge()
    await bridge.start(sink)
    await served(bridge)
    number = "+33639980001"
    outcome = await bridge.send(Outgoing("k", number, "Vol à Liffré [20 €]"))
    assert isinstance(outcome, Accepted)

    async def waits_for_its_report() -> bool:
        found = await modem.rows('SELECT "Status", "TextDecoded" FROM sentitems')
        return [tuple(row) for row in found] == [("SendingOK", "")]

    await wait_until(waits_for_its_report, "L'envoi, dont le texte n'est plus lisible là")
    assert sink.of(Receipt) == []
    modem.finds("Status_Report", number, "Delivered", 255)
    await eventually(lambda: sink.of(Receipt), "the receipt")
    assert sink.of(Receipt) == [Receipt(message_id("k", "s3cret"), ReceiptState.DELIVERED)]

    modem.finds("Deliver", "+33639980009", "Vol à l'étalage « hier »", 0)
    await eventually(lambda: sink.of(Message), "the answer")
    [message] = sink.of(Message)
    assert (message.sender, message.text) == ("+33639980009", "Vol à l'étalage « hier »")

    async def nothing_left() -> bool:
        tables = ("outbox", "outbox_multipart", "sentitems", "inbox")
        return not [row for name in tables for row in await modem.rows(f"SELECT FROM {name}")]

    await wait_until(nothing_left, "Des tables vides")
    await bridge.stop()


@pytest.mark.parametrize(
    ("text", "coding"),
    [
        ("Faux billets à Liffré {€}. " * 12, "Default_No_Compression"),
        ("Être prudent « ici » 🚨 " * 8, "Unicode_No_Compression"),
    ],
    ids=["gsm7", "ucs2"],
)
async def test_a_long_text_leaves_whole_in_parts(
    modem: Modem, sink: RecordingSink, text: str, coding: str
) -> None:
    bridge = modem.bridge(poll=3600)  # what was sent stays readable meanwhile
    await bridge.start(sink)
    outcome = await bridge.send(Outgoing(text, "+33639980002", text))
    assert isinstance(outcome, Accepted)
    assert outcome.detail.endswith(" 3")
    sent = (
        'SELECT "TextDecoded", "Coding", "UDH" FROM sentitems'
        f""" WHERE "CreatorID" = '{outcome.provider_id}' ORDER BY "SequencePosition" """
    )

    async def gone() -> bool:
        return len(await modem.rows(sent)) == 3

    await wait_until(gone, "Les trois parties")
    parts = await modem.rows(sent)
    assert "".join(part["TextDecoded"] for part in parts) == text
    assert {part["Coding"] for part in parts} == {coding}
    assert [part["UDH"][-2:] for part in parts] == ["01", "02", "03"]
    await bridge.stop()
