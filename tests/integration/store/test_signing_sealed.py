"""What proves who signed says nothing to whoever reads the tables, and goes with its member."""

from datetime import timedelta

from support.store_builders import NOON, a_merchant, a_signature

from appservice.domain.ids import MemberId, UserId
from appservice.domain.signing import Arrival, Claim, Evidence, SigningLink
from appservice.domain.signing.stamp import Stamped
from appservice.store.postgres import LINKS_KEPT, PgStore

EVIDENCE = Evidence("Léa Kervadec", ("read", "professional"), "sms", "42", "fr", "un-sel")
DAY = timedelta(days=1)


async def fill(store: PgStore) -> None:
    link = SigningLink(b"d" * 32, MemberId("m1"), "mairie", NOON, NOON + DAY)
    signature = a_signature(evidence=EVIDENCE.hash)
    async with store.transaction() as tx:
        await tx.members.save(a_merchant("m1"))
        await tx.signatures.add(signature, None, EVIDENCE)
        await tx.signing_links.add(link)


async def test_evidence_is_sealed_and_erased_with_its_member(store: PgStore, sql):
    await fill(store)
    rows = [str(list(row.values())) for row in await sql.fetch("SELECT * FROM signatures")]
    assert len(rows) == 1
    for secret in ("Kervadec", "un-sel", "professional"):
        assert secret not in rows[0]
    await store.shred("m1")
    async with store.transaction() as tx:
        signature = await tx.signatures.latest(MemberId("m1"))
        assert signature is not None, "the proof that somebody signed stays"
        assert await tx.signatures.evidence(signature) is None
    assert await sql.fetchval("SELECT count(*) FROM signing_links") == 0


async def test_pages_go_with_their_member_and_what_they_opened_is_known_until_then(
    store: PgStore, sql
):
    async with store.transaction() as tx:
        await tx.members.save(a_merchant("m1"))
        for name, user in ((b"a", None), (b"b", UserId("@m12345678:maillage.test"))):
            member, until = MemberId("m1"), NOON + DAY
            await tx.arrivals.add(Arrival(name * 32, member, "mairie", NOON, until, user=user))
        await tx.claims.put(b"b" * 32, Claim(UserId("@claire.tanguy:maillage.test"), NOON))
    await store.purge(NOON + DAY + LINKS_KEPT)
    assert await sql.fetchval("SELECT count(*) FROM arrivals") == 1
    async with store.transaction() as tx:
        assert await tx.arrivals.user_of(MemberId("m1")) == "@m12345678:maillage.test"
    await store.shred("m1")
    assert await sql.fetchval("SELECT count(*) FROM arrivals") == 0
    assert await sql.fetchval("SELECT count(*) FROM account_claims") == 0
    async with store.transaction() as tx:
        waiting = await tx.closings.waiting(9)
    assert waiting == ["@m12345678:maillage.test"], "the homeserver is told to close it"


async def test_a_time_stamp_is_sealed_and_erased_with_its_member(store: PgStore, sql):
    await fill(store)
    async with store.transaction() as tx:
        signature = await tx.signatures.latest(MemberId("m1"))
        assert signature is not None
        await tx.time_stamps.ask(signature, NOON)
        [stamp] = await tx.time_stamps.due(NOON, 1)
        await tx.time_stamps.keep(stamp, Stamped(b"a token of the authority", NOON, "Horloge"))
    assert "a token" not in str(await sql.fetch("SELECT * FROM time_stamps"))
    await store.shred("m1")
    async with store.transaction() as tx:
        assert await tx.time_stamps.of(signature) is None
        assert list(await tx.time_stamps.due(NOON + DAY, 1)) == []


async def test_links_that_are_long_over_are_swept(store: PgStore, sql):
    await fill(store)
    await store.purge(NOON + LINKS_KEPT)
    assert await sql.fetchval("SELECT count(*) FROM signing_links") == 1
    await store.purge(NOON + DAY + LINKS_KEPT)
    assert await sql.fetchval("SELECT count(*) FROM signing_links") == 0
