"""From our outbox to a phone and back, through Debian's Kannel and an SMPP centre."""

from datetime import timedelta
from pathlib import Path

import pytest
from support.bridge_worlds import eventually
from support.real_sms import RealGateway
from support.sms_ledger import LEASE, Ledger

from appservice.bench.beneath.kannel import KannelProcess
from appservice.demo.failure import StartFailed
from appservice.demo.ports import any_free_port
from appservice.domain.delivery import REPORTED_WITHIN, Parcel, Urgency
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel
from bridges.sms.segments import prepare

pytestmark = [pytest.mark.e2e, pytest.mark.sms_real]

PLAIN = "Alerte : faux billets de 50 € constatés à Liffré [tabac]."
ACCENTS = "Être prudent : « faux livreur » à Cesson-Sévigné, rappelez-vous l’œuvre…"
NAMED_AT_ONCE = 32  # a window on its way, the one that follows, and the next two
LONG = "Vol par ruse constaté à Redon, vérifiez {vos} livraisons. " * 7


async def test_texts_arrive_as_they_were_and_the_ledger_knows_how(
    ledger: Ledger, gateway: RealGateway
) -> None:
    gateway.operator.faults.twice = True  # each report comes again
    texts = [PLAIN, ACCENTS, LONG]
    numbers = await ledger.put(texts)
    await ledger.until(delivered=3)
    for number, text in zip(numbers, texts, strict=True):
        assert gateway.operator.read(number) == [(text, "MANTES")]
    rows = await ledger.rows("SELECT detail FROM deliveries ORDER BY id")
    assert [row["detail"] for row in rows] == ["gsm7 1", "ucs2 2", "gsm7 3"]
    [receipts] = await ledger.rows("SELECT count(*) FROM receipts")
    assert receipts["count"] == 3


async def test_the_ledger_keeps_sealed_what_the_phone_shows(
    ledger: Ledger, gateway: RealGateway
) -> None:
    """Also when typography gave way to the alphabet of one SMS, or a space to an emoji."""
    texts = ["«\u00a0Vol\u00a0» à l’étalage… n° 3 — 20 €", "ê" * 66 + "🚨" + "ê" * 66]
    shown = ['"Vol" à l\'étalage... no 3 - 20 €', "ê" * 66 + " 🚨" + "ê" * 66]
    numbers = await ledger.put(texts)
    await ledger.until(delivered=2)
    assert [gateway.operator.shown(number) for number in numbers] == [[text] for text in shown]
    rows = await ledger.rows("SELECT * FROM deliveries ORDER BY id")
    assert [row["detail"] for row in rows] == ["gsm7 1", "ucs2 3"]
    assert ledger.process is not None
    async with ledger.process.store.transaction() as tx:
        kept = [await tx.outbox.by_provider_id(Channel.SMS, row["provider_id"]) for row in rows]
    assert [parcel and parcel.body for parcel in kept] == shown
    assert not any(b"talage" in row["as_sent"] for row in rows)


@pytest.mark.acceptance("S4-06")
async def test_kannel_cuts_where_we_said_it_would(ledger: Ledger, gateway: RealGateway) -> None:
    """160 septets are one SMS and 161 two; a letter of weight two is never cut in the middle."""
    texts = [
        *("a" * 160, "a" * 161, "a" * 158 + "€", "a" * 159 + "€", "a" * 152 + "€" * 78),
        *("ê" * 70, "ê" * 71, "ê" * 66 + "🚨" + "ê" * 66),
    ]
    said = [prepare(text).segments for text in texts]
    assert said == [1, 2, 1, 2, 3, 1, 2, 3]
    numbers = await ledger.put(texts)
    await ledger.until(delivered=len(texts))
    parts = [[p for p in gateway.operator.parts if p.number == number] for number in numbers]
    assert [len(found) for found in parts] == said
    shown = [gateway.operator.shown(number) for number in numbers]
    # Kannel cuts through emoji: a space makes it cut before.
    assert shown == [[text] for text in (*texts[:-1], "ê" * 66 + " 🚨" + "ê" * 66)]


@pytest.mark.parametrize(
    ("sender", "on_the_wire"),
    [
        ("MANTES", ("MANTES", 5, 0)),  # letters: alphanumeric, in no numbering plan
        ("38200", ("38200", 2, 1)),
    ],
)
async def test_the_operator_is_told_who_sends_as_it_was_declared(
    ledger: Ledger, gateway: RealGateway, sender: str, on_the_wire: tuple[str, int, int]
) -> None:
    """SMPP 3.4, 5.2.5 and 5.2.6: a sender of the wrong type is refused or replaced."""
    assert ledger.process is not None
    await ledger.process.stop()
    await ledger.start(sender=sender)
    [number] = await ledger.put([PLAIN])
    await ledger.until(delivered=1)
    assert gateway.tap.senders[number] == on_the_wire
    assert [name for _, name in gateway.operator.read(number)] == [on_the_wire[0]]


@pytest.mark.parametrize(
    ("receipt", "refused", "state", "code"),
    [("UNDELIV", False, "failed", "undelivered"), ("DELIVRD", True, "failed", "smsc_rejected")],
)
async def test_what_the_operator_says_no_to_is_failed(
    ledger: Ledger, gateway: RealGateway, receipt: str, refused: bool, state: str, code: str
) -> None:
    faults = gateway.operator.faults
    faults.receipt = receipt
    if refused:
        faults.refused = {f"+3363998{n}000" for n in range(10)}
    await ledger.put([PLAIN])
    await ledger.until(**{state: 1})
    [row] = await ledger.rows("SELECT code, attempts FROM deliveries")
    assert (row["code"], row["attempts"]) == (code, 1)


async def test_an_operator_that_throttles_gets_each_text_once_in_the_end(
    ledger: Ledger, gateway: RealGateway
) -> None:
    gateway.operator.faults.throttle_every = 3
    numbers = await ledger.put([PLAIN] * 12)
    await ledger.until(delivered=12)
    assert [gateway.operator.shown(number) for number in numbers] == [[PLAIN]] * 12
    assert await ledger.asked_once()


async def test_a_mute_operator_is_not_asked_again(ledger: Ledger, gateway: RealGateway) -> None:
    operator = gateway.operator
    operator.faults.mute = True
    numbers = await ledger.put([PLAIN] * 5)
    await ledger.until(accepted=5)
    await eventually(lambda: operator.asked == 5, "five texts")
    await operator.speak()
    await ledger.until(delivered=5)
    assert [operator.shown(number) for number in numbers] == [[PLAIN]] * 5
    assert operator.asked == 5


async def test_a_gateway_killed_with_unanswered_texts_is_not_asked_again_by_us(
    ledger: Ledger, gateway: RealGateway
) -> None:
    """Kannel asks again what it had no answer to: a phone may read twice, never for our part."""
    operator = gateway.operator
    operator.faults.mute = True
    numbers = await ledger.put([PLAIN] * 10)
    await ledger.until(accepted=10)
    await eventually(lambda: operator.asked == 10, "ten texts")
    await gateway.kannel.kill()
    await eventually(lambda: not operator.bound, "the end of the bind")
    operator.forget()
    operator.faults.mute = False
    await gateway.kannel.start()
    await ledger.until(delivered=10)
    assert all(operator.shown(number) for number in numbers)
    assert await ledger.asked_once()


async def test_a_gateway_that_is_away_gets_everything_once_it_is_back(
    ledger: Ledger, gateway: RealGateway
) -> None:
    await gateway.kannel.kill()
    numbers = await ledger.put([PLAIN] * 6)
    await ledger.until(queued=6)
    await gateway.kannel.start()
    await ledger.until(delivered=6)
    assert [gateway.operator.shown(number) for number in numbers] == [[PLAIN]] * 6


@pytest.mark.acceptance("S4-10")
async def test_what_became_stale_while_the_gateway_was_away_is_not_sent(
    ledger: Ledger, gateway: RealGateway
) -> None:
    await gateway.kannel.kill()
    fresh, stale = timedelta(hours=1), timedelta(minutes=30)
    [late] = await ledger.put(["Alerte d'hier"], expires_in=stale)
    [new] = await ledger.put(["Alerte du jour"], expires_in=fresh)
    await ledger.until(queued=2)
    ledger.ahead = timedelta(minutes=31)
    await gateway.kannel.start()
    await ledger.until(expired=1, delivered=1)
    assert gateway.operator.shown(new) == ["Alerte du jour"]
    assert gateway.operator.shown(late) == []


@pytest.mark.acceptance("S4-10")
async def test_the_operator_is_told_until_when_a_text_is_of_use(
    ledger: Ledger, gateway: RealGateway
) -> None:
    """A phone that is off for longer gets nothing stale: the minutes left travel with the text."""
    begun = ledger.now()
    [soon] = await ledger.put(["Alerte"], expires_in=timedelta(minutes=12))
    [usual] = await ledger.put(["Réponse"])
    await ledger.until(delivered=2)
    spent = ledger.now() - begun
    minute = timedelta(minutes=1)
    assert 11 * minute - minute - spent < gateway.tap.until[soon] - begun <= 12 * minute
    assert 29 * minute <= gateway.tap.until[usual] - begun


@pytest.mark.acceptance("S4-10")
async def test_a_phone_that_was_off_gets_it_when_it_is_on_again_unless_stale(
    ledger: Ledger, gateway: RealGateway
) -> None:
    operator, minute = gateway.operator, timedelta(minutes=1)
    operator.faults.off = {f"+3363998{n}{place:03}" for n in range(10) for place in (0, 1)}
    begun = ledger.now()
    early, late, on = await ledger.put([PLAIN] * 3, expires_in=30 * minute)
    await ledger.until(delivered=1, accepted=2)
    assert [operator.shown(number) for number in (early, late, on)] == [[], [], [PLAIN]]
    await gateway.turn_on(early, begun + 25 * minute)
    await ledger.until(delivered=2, accepted=1)
    await gateway.turn_on(late, begun + 31 * minute)
    await ledger.until(delivered=2, expired=1)
    assert [operator.shown(number) for number in (early, late)] == [[PLAIN], []]


async def test_a_receipt_that_is_missing_leaves_it_unknown_and_a_late_one_knows_better(
    ledger: Ledger, gateway: RealGateway
) -> None:
    operator = gateway.operator
    operator.faults.off = {f"+3363998{n}000" for n in range(10)}
    [number] = await ledger.put([PLAIN])
    await ledger.until(accepted=1)
    ledger.ahead = REPORTED_WITHIN + timedelta(minutes=1)
    await ledger.until(unknown=1)
    assert operator.asked == 1
    await operator.turned_on(number, in_time=True)
    await ledger.until(delivered=1)
    assert operator.shown(number) == [PLAIN]
    assert await ledger.asked_once()


async def test_a_service_killed_amid_a_fan_out_leaves_one_honest_row_each(
    ledger: Ledger, gateway: RealGateway
) -> None:
    operator = gateway.operator
    numbers = await ledger.put([PLAIN] * 60)
    await eventually(lambda: len(operator.parts) >= 15, "a part of the texts")
    assert ledger.process is not None
    await ledger.process.die()
    ledger.process = None
    ledger.ahead = LEASE * 1.1
    await ledger.start()
    states = await ledger.settled(NAMED_AT_ONCE)
    assert states.keys() <= {"delivered", "unknown"}
    assert states.total() == 60
    copies = [len(operator.shown(number)) for number in numbers]
    assert max(copies) == 1
    assert copies.count(0) <= states["unknown"] <= NAMED_AT_ONCE
    assert await ledger.asked_once()


async def test_seven_thousand_texts_starve_nobody(ledger: Ledger, gateway: RealGateway) -> None:
    """An answer waits for what is in hand, another alert for every other turn, no longer."""
    process, operator = ledger.process, gateway.operator
    assert process is not None
    await process.stop()
    process = await ledger.start(rate=40)

    def alert(number: int, places: range) -> list[Parcel]:
        about = AlertId(number)
        return [
            Parcel(f"alert:A{number}:{n}", Channel.SMS, f"+3363998{n:04}", PLAIN, alert=about)
            for n in places
        ]

    await ledger.queue(alert(1, range(7000)))
    await eventually(lambda: len(operator.parts) >= 20, "the first texts")
    usual = Parcel("usual", Channel.SMS, "+33639987501", "Reçu")
    urgent = Parcel("urgent", Channel.SMS, "+33639987502", "17", urgency=Urgency.URGENT)
    await ledger.queue([*alert(2, range(7600, 7603)), usual, urgent])
    others = {parcel.target for parcel in (*alert(2, range(7600, 7603)), usual)}
    before = len(operator.parts)

    def arrived() -> list[str]:
        return [part.number for part in operator.parts[before:]]

    await eventually(lambda: others <= set(arrived()), "the other texts")
    in_hand = 8 + 28  # a window on its way, and half a second's worth, as it was last measured
    assert arrived().index(urgent.target) <= in_hand
    assert max(arrived().index(number) for number in others) <= in_hand + 3 * len(others)
    assert ledger.process is not None
    await ledger.process.die()  # nobody waits for the other seven thousand
    ledger.process = None


async def test_a_long_answer_comes_in_whole_and_once(ledger: Ledger, gateway: RealGateway) -> None:
    """While the service is away Kannel keeps it, and hands it over when it is back."""
    assert ledger.process is not None
    await ledger.process.stop()
    ledger.process = None
    said = "Vol à l'étalage « hier » 🚨 rue de la Préfecture, deux sacs emportés. " * 3
    await gateway.operator.say("+33639980001", said)
    await ledger.start()
    [message] = await ledger.heard()
    assert message.text == said
    assert message.sender == "+33639980001"


async def test_neither_text_nor_number_is_in_a_log(ledger: Ledger, gateway: RealGateway) -> None:
    gateway.operator.faults.early = True  # reports that overtake their answer make Kannel complain
    numbers = await ledger.put(["Texte inavouable"] * 3)
    await ledger.until(accepted=3)
    await eventually(lambda: len(gateway.operator.parts) >= 3, "the texts")
    # It writes nothing else but its spool: no access log.
    files = {path.name for path in gateway.kannel.folder.iterdir()}
    assert files == {"kannel.conf", "kannel.out", "secrets", "dlr", "store"}
    said = gateway.kannel.output.read_text()
    assert "inavouable" not in said
    assert not [number for number in numbers if number.removeprefix("+") in said]


async def test_a_gateway_that_ends_as_it_starts_is_told_of_at_once(tmp_path: Path) -> None:
    wrong = {"group = smsbox": "group = elsewhere"}
    kannel = KannelProcess(tmp_path, any_free_port(), any_free_port(), wrong)
    await kannel.prepare()
    with pytest.raises(StartFailed, match="PANIC"):
        await kannel.start()
