"""Nothing readable lies in the database, and what is erased is gone."""

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from support.store_builders import (
    LIFFRE,
    MINUTE,
    NOON,
    HandClock,
    a_merchant,
    a_parcel,
    a_report,
    a_signature,
    an_alert,
)

from appservice.domain import alert as alerts
from appservice.domain import report as reports
from appservice.domain.audit import Act
from appservice.domain.delivery import Parcel, Settled, State
from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.ids import AlertId, MemberId, ReportId, RoomId
from appservice.domain.member import Channel
from appservice.domain.protocol.version import Version
from appservice.domain.rating.given import Rating, month_of
from appservice.domain.room import Kind, KnownRoom, RoomKey
from appservice.domain.telephone.consent import Agreed, Consent
from appservice.files.keys import Keys, add_master_key
from appservice.store.postgres import PgStore
from appservice.store.session import other_clients
from appservice.store.vault import BrokenSeal, Vault
from bridges.protocol import Attachment, Receipt, ReceiptState

Sql = asyncpg.Connection

PHONE, ACI = "+33612345678", "0b1c2d3e-1111-4222-8333-123456789abc"
OTHER_PHONE, OTHER_ACI = "+33687654321", "9f8e7d6c-1111-4222-8333-123456789abc"
MEMBER = a_merchant(name="Gwenaëlle", shop="Bijouterie Kermarrec", phone=PHONE, signal=ACI)
SECRETS = [
    *("Gwenaëlle", "Kermarrec", "cambriolage", "fausse", "camionnette", "corrigé", "gras"),
    *("bonjour", "devanture", "diagonale", "tardif"),
    *(number.lstrip("+") for number in (PHONE, OTHER_PHONE)),
    *(ACI, OTHER_ACI),
]
RELAY = f"signal:{OTHER_ACI}/1784"


async def live(store: PgStore) -> None:
    """One of everything that a person may have said, or be found by."""
    async with store.transaction() as tx:
        assert await tx.first_time(Channel.SIGNAL, f"{ACI}/1783")
        await tx.members.save(MEMBER)
        version = Version(1, "aa" * 32, NOON, {"liffre|Phase": "essai"})
        await tx.protocols.add(version, f"test_list: [{PHONE}]".encode())
        await tx.signatures.add(a_signature())
        strangers = tx.telephone.strangers
        assert await strangers.may_answer(Channel.SMS, OTHER_PHONE, NOON, NOON, 9)
        agreed = Consent(MEMBER.id, Agreed(NOON), "oui, le bonjour de Gwenaëlle")
        assert await tx.telephone.consents.advance(PHONE, agreed, None)
        alert = await tx.alerts.open(an_alert(text="Un cambriolage à 3 h."))
        turned = alerts.turn_down(alert, MemberId("o2"), NOON, "fausse piste")
        assert await tx.alerts.advance(turned, "held")
        report = await tx.reports.open(a_report(text="Une camionnette blanche."))
        await tx.telephone.threads.ask(MEMBER.id, report.id, NOON)
        photo = Attachment("image/png", b"pixels de la devanture", "diagonale.png")
        await tx.blobs.put("case:S1", photo, NOON + timedelta(hours=72))
        await tx.outbox.put(
            [
                a_parcel(f"A1:sms:{PHONE}", PHONE, body="cambriolage", alert=alert.id),
                a_parcel(f"S1:{ACI}", ACI, channel=Channel.SIGNAL, report=report.id),
                a_parcel("m", "!a:exemple.fr", channel=Channel.MATRIX, html="<b>gras</b>"),
                a_parcel(f"r:{RELAY}", OTHER_PHONE, body="bonjour", replaces=f"A1:sms:{PHONE}"),
                a_parcel("member", OTHER_PHONE, body="bonjour", member=MEMBER.id),
            ]
        )
        await tx.rooms.remember(KnownRoom(RoomKey(Kind.POSTE, LIFFRE, "liffre"), RoomId("!p")))
        await tx.links.relate(RELAY, f"r:{RELAY}")
        await tx.acts.append(Act(MEMBER.id, "report", "S1", NOON))
    await store.journal.write("signal", f"{OTHER_ACI}/1784", b'{"body": "bonjour"}', NOON)
    async with store.transaction() as tx:
        rated = await tx.reports.open(a_report())
        assert await tx.reports.advance(reports.close(rated, MemberId("o2"), NOON), "received")
        words = "rapide, mais tardif"
        assert await tx.ratings.give(Rating(rated.id, NOON, month_of(NOON), 4, words))
    for claimed in await store.queue.claim(Channel.SIGNAL, 10, MINUTE, NOON):
        sent = "Une camionnette blanche, telle que dite."
        said = Settled(claimed, State.ACCEPTED, NOON, provider_id="1785", sent=sent)
        await store.queue.settle([said])
    receipt = Receipt("1785", ReceiptState.DELIVERED, recipient=ACI)
    await store.queue.receipts(Channel.SIGNAL, [receipt], NOON)


async def everything(sql: Sql) -> dict[str, bytes]:
    """Each table as COPY writes it, and its bytea columns as they are."""
    found: dict[str, bytes] = {}
    tables = await sql.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for (table,) in tables:
        rows = await sql.fetch(f'SELECT * FROM "{table}"')  # the name comes from the catalog
        raw = [value for row in rows for value in row if isinstance(value, bytes)]
        texts = await sql.fetch(f'SELECT t::text FROM "{table}" t')
        found[table] = b"\n".join([*raw, *(row[0].encode() for row in texts)])
    return found


async def test_nothing_is_readable(
    store: PgStore, sql: Sql, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await live(store)
    tables = await everything(sql)
    filled = {table for table, content in tables.items() if content}
    # The console, its sheets and the signing page have tests of their own.
    elsewhere = {table for table in tables if table.startswith("console_")}
    elsewhere |= {"audit_checkpoints", "signing_links", "signed_texts", "sheets", "sheet_parts"}
    elsewhere |= {"arrivals", "account_claims", "account_closings", "time_stamps"}
    assert filled == set(tables) - elsewhere
    assert b"liffre" in tables["members"]  # it would be seen if it were there
    for secret in SECRETS:
        spellings = (secret.encode(), secret.encode().hex().encode(), secret.lower().encode())
        for table, content in tables.items():
            assert not any(spelling in content for spelling in spellings), (secret, table)
        assert secret not in caplog.text


async def test_the_same_words_are_sealed_differently(store: PgStore, sql: Sql) -> None:
    async with store.transaction() as tx:
        for _ in range(2):
            await tx.alerts.open(an_alert())
    first, second = await sql.fetch("SELECT sealed FROM alerts")
    assert first["sealed"] != second["sealed"]


@pytest.mark.parametrize(
    "swap",
    [
        "UPDATE alerts SET sealed = (SELECT sealed FROM alerts WHERE id = 2) WHERE id = 1",
        "UPDATE alerts SET sealed = sealed_reason WHERE id = 1",
        "UPDATE alerts SET sealed = substring(sealed FROM 2) WHERE id = 1",
        "UPDATE alerts SET sealed = '' WHERE id = 1",
        "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE owner = 'case:A2')"
        " WHERE owner = 'case:A1'",
    ],
)
async def test_a_sealed_value_opens_in_its_own_place_only(
    store: PgStore, sql: Sql, clock: HandClock, swap: str
) -> None:
    stage = alerts.Turned(MemberId("o2"), NOON, "non")
    async with store.transaction() as tx:
        for _ in range(2):
            await tx.alerts.open(an_alert(stage=stage))
    await sql.execute(swap)
    clock.advance(timedelta(hours=1))  # keys in memory are not believed for ever
    with pytest.raises(BrokenSeal):
        async with store.transaction() as tx:
            await tx.alerts.get(AlertId(1))


async def test_a_shredded_case_says_nothing_any_more(store: PgStore, sql: Sql) -> None:
    await live(store)
    await store.shred("case:A1")
    async with store.transaction() as tx:
        alert = await tx.alerts.get(AlertId(1))
        assert alert is not None
        assert alert.text == ""
        assert alert.stage == alerts.Turned(MemberId("o2"), NOON, "")
        assert [parcel.body for parcel in await tx.outbox.of_alert(AlertId(1))] == [""]
        assert (await tx.outbox.tally(AlertId(1))).total(State.FAILED) == 1
        assert await tx.members.get(MEMBER.id) == MEMBER
    claimed = await store.queue.claim(Channel.SMS, 10, MINUTE, NOON)
    assert {one.parcel.body for one in claimed} == {"bonjour"}


async def test_a_rating_outlives_its_case_as_a_score_of_a_month(store: PgStore, sql: Sql) -> None:
    await live(store)
    before = await store.counted.ratings()
    await store.shred("case:A2")
    assert await sql.fetchval("SELECT report FROM ratings") == 2, "an alert of that number"
    await store.shred("case:S2")
    [row] = await sql.fetch("SELECT * FROM ratings")
    assert dict(row) == {
        "territory": "liffre", "month": month_of(NOON), "score": 4,
        "report": None, "closed_at": None, "sealed": None,
    }  # fmt: skip
    assert await store.counted.ratings() == before
    async with store.transaction() as tx:
        assert await tx.ratings.of(ReportId(2)) == []
        assert await tx.ratings.waiting(MEMBER.id, NOON - MINUTE) is None
        assert not await tx.ratings.give(Rating(ReportId(2), NOON, month_of(NOON), 1))
    assert await sql.fetchval("SELECT count(*) FROM ratings") == 1


async def test_a_rating_is_not_given_to_what_another_process_shredded(
    store: PgStore, make_store: Any, sql: Sql
) -> None:
    await live(store)  # which remembers the key for a while
    await (await make_store()).shred("case:S2")
    async with store.transaction() as tx:
        assert not await tx.ratings.give(Rating(ReportId(2), NOON, month_of(NOON), 1, "tard"))
    assert await sql.fetchval("SELECT count(*) FROM ratings WHERE report IS NOT NULL") == 0


async def test_a_shredded_member_leaves_the_register_and_keeps_the_proof(store: PgStore) -> None:
    await live(store)
    await store.shred(MEMBER.id)
    async with store.transaction() as tx:
        assert await tx.members.get(MEMBER.id) is None
        assert await tx.members.at(Channel.SMS, PHONE) is None
        assert await tx.signatures.latest(MEMBER.id) == a_signature()
        assert await tx.telephone.consents.of(PHONE) is None
        await tx.members.save(replace(MEMBER, id=MemberId("m9")))


async def test_a_shredded_day_of_the_journal_is_not_handled(store: PgStore) -> None:
    await store.journal.write("sms", "k1", b"hier", NOON - timedelta(days=1))
    await store.journal.write("sms", "k2", b"ce jour", NOON)
    await store.shred("journal:2026-11-20")
    assert [payload for _, payload in await store.journal.pending("sms", 10)] == [b"ce jour"]
    assert not await store.journal.write("sms", "k1", b"hier", NOON)


async def test_a_handled_entry_is_empty(store: PgStore, sql: Sql) -> None:
    await store.journal.write("sms", "k1", b"bonjour", NOON)
    [(entry, _)] = await store.journal.pending("sms", 1)
    await store.journal.done(entry)
    assert await sql.fetchval("SELECT sealed FROM journal") is None


async def test_an_entry_that_does_not_open_lets_the_others_pass(
    store: PgStore, sql: Sql, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        await store.journal.write("sms", f"k{number}", b"%d" % number, NOON)
    await sql.execute("UPDATE journal SET sealed = '\\x00' WHERE id = 1")
    assert [payload for _, payload in await store.journal.pending("sms", 2)] == [b"1"]
    assert [payload for _, payload in await store.journal.pending("sms", 2)] == [b"1", b"2"]
    assert "journal entry 1 can't be opened" in caplog.text


async def test_a_parcel_that_does_not_open_is_not_sent(
    store: PgStore, sql: Sql, caplog: pytest.LogCaptureFixture
) -> None:
    parcels: list[Parcel] = [a_parcel("p1"), a_parcel("p2", OTHER_PHONE)]
    async with store.transaction() as tx:
        await tx.outbox.put(parcels)
    await sql.execute("UPDATE parcels SET sealed = '\\x00' WHERE id = 1")
    claimed = await store.queue.claim(Channel.SMS, 10, MINUTE, NOON)
    assert [one.parcel.key for one in claimed] == ["p2"]
    row = await sql.fetchrow("SELECT state, code FROM deliveries WHERE id = 1")
    assert tuple(row) == ("failed", "unreadable")
    assert "parcel 1 can't be opened" in caplog.text


async def test_another_process_stops_believing_a_shredded_key(
    make_store: Any, clock: HandClock
) -> None:
    here, there = await make_store(), await make_store()
    for process in (here, there):
        async with process.transaction() as tx:
            await tx.members.save(MEMBER)
    await here.shred(MEMBER.id)
    clock.advance(timedelta(minutes=6))
    async with there.transaction() as tx:
        await tx.members.save(MEMBER)
    async with here.transaction() as tx:
        assert await tx.members.get(MEMBER.id) == MEMBER


async def test_expired_photos_are_deleted(store: PgStore, sql: Sql) -> None:
    async with store.transaction() as tx:
        for hours in (1, 2):
            until = NOON + timedelta(hours=hours)
            await tx.blobs.put("case:S1", Attachment("image/png", b"x"), until)
    await store.purge(NOON + timedelta(hours=1))
    assert await sql.fetchval("SELECT count(*) FROM blobs") == 1


async def test_strangers_and_threads_are_forgotten_after_a_month(store: PgStore, sql: Sql) -> None:
    await live(store)
    await store.purge(NOON + timedelta(days=30))
    assert await sql.fetchval("SELECT count(*) FROM strangers") == 1
    assert await sql.fetchval("SELECT count(*) FROM threads") == 1
    await store.purge(NOON + timedelta(days=31))
    assert await sql.fetchval("SELECT count(*) FROM strangers") == 0
    assert await sql.fetchval("SELECT count(*) FROM threads") == 0


async def test_the_master_key_turns(make_store: Any, keys: Keys, tmp_path: Path, sql: Sql) -> None:
    before = await make_store()
    await live(before)
    turned = add_master_key(tmp_path / "cles")
    after = await make_store(keys=turned)
    owners = await sql.fetchval("SELECT count(*) FROM data_keys")
    assert await after.rewrap() == owners
    assert await after.rewrap() == 0
    alone = replace(turned, master={"m2": turned.master["m2"]})
    later = await make_store(keys=alone)
    async with later.transaction() as tx:
        assert await tx.members.get(MEMBER.id) == MEMBER
    with pytest.raises(PermanentFailure, match="clé maîtresse m2"):
        await make_store(keys=keys)


async def test_a_number_can_not_be_tried_after_its_owner_was_shredded(
    store: PgStore, sql: Sql, keys: Keys, clock: HandClock
) -> None:
    await live(store)
    async with store.transaction() as tx:
        await tx.outbox.put([a_parcel("a2", PHONE, alert=AlertId(2), member=MEMBER.id)])
    vault = Vault(keys, clock)
    guesses = [vault.index("sms", PHONE), vault.index("signal", ACI), vault.index("message", "a2")]

    async def traces() -> int:
        content = b"\n".join((await everything(sql)).values())
        return sum(g in content or g.hex().encode() in content for g in guesses)

    assert await traces() == 3
    await store.shred(MEMBER.id)
    assert await traces() == 0


async def test_what_a_case_told_one_person_goes_with_either(store: PgStore) -> None:
    other = MemberId("m7")
    async with store.transaction() as tx:
        for case in (1, 2):
            for number, member in enumerate((MEMBER.id, other)):
                parcel = a_parcel(f"{case}{number}", f"+3361000000{number}", alert=AlertId(case))
                await tx.outbox.put([replace(parcel, member=member)])
    await store.shred("case:A1")
    await store.shred(other)
    claimed = await store.queue.claim(Channel.SMS, 10, MINUTE, NOON)
    assert [one.parcel.key for one in claimed] == ["20"]
    async with store.transaction() as tx:
        [mine, theirs] = await tx.outbox.of_alert(AlertId(2))
        assert (mine.body, mine.target) != ("", "")
        assert (theirs.body != "", theirs.target, theirs.key) == (True, "", "")


async def test_days_of_the_journal_are_forgotten(store: PgStore, sql: Sql) -> None:
    three_days_ago = NOON - timedelta(days=3)
    for day, name in ((three_days_ago, "old"), (three_days_ago, "waits"), (NOON, "new")):
        await store.journal.write(name, name, b"mot", day)
    await sql.execute("UPDATE data_keys SET made_at = made_at - interval '3 days'")
    await store.purge(NOON)
    assert await sql.fetchval("SELECT count(*) FROM data_keys") == 2  # something waits there
    for entry, _ in [
        *await store.journal.pending("old", 1),
        *await store.journal.pending("waits", 1),
    ]:
        await store.journal.done(entry)
    await store.purge(NOON)
    owners = await sql.fetch("SELECT owner FROM data_keys")
    assert [row["owner"] for row in owners] == [f"journal:{NOON:%Y-%m-%d}"]


async def test_a_lost_master_key_is_told_at_the_start(
    make_store: Any, keys: Keys, tmp_path: Path
) -> None:
    await live(await make_store())
    turned = add_master_key(tmp_path / "cles")
    alone = replace(turned, master={"m2": turned.master["m2"]})
    with pytest.raises(PermanentFailure, match="clé maîtresse m1"):
        await make_store(keys=alone)


async def test_who_else_is_connected(make_store: Any, dsn: str) -> None:
    assert await other_clients(dsn) == 0
    store = await make_store()
    assert await other_clients(dsn) > 0
    await store.close()


async def test_refusals_of_the_database_name_nobody(store: PgStore, sql: Sql) -> None:
    await sql.execute("ALTER TABLE members ADD CONSTRAINT never CHECK (territory <> 'liffre')")
    with pytest.raises(Exception, match=r"refuse cette écriture \(never\)") as refused:
        async with store.transaction() as tx:
            await tx.members.save(MEMBER)
    assert not isinstance(refused.value, TemporaryFailure)
    told = f"{refused.value} {refused.value.__cause__} {vars(refused.value.__cause__)}"
    assert not any(secret in told for secret in SECRETS)
