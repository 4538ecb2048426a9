"""Links to sign by, what was signed and by whom: the same in memory and in PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from support.store_builders import NOON, a_merchant, a_signature

from appservice.domain.charter import Charter
from appservice.domain.ids import MemberId
from appservice.domain.signing import Evidence, SigningLink

M1 = MemberId("m1")
DAY = timedelta(days=1)
CHARTER = Charter("charte-commercants", "2026-1", "Charte", "Un texte.\n\n- é\n", 365 * DAY)
EVIDENCE = Evidence("Léa Kervadec", ("read", "professional"), "sms", "42", "fr", "salt")


def a_link(name: str, **changes: Any) -> SigningLink:
    link = SigningLink(name.encode() * 32, M1, "mairie", NOON, NOON + DAY)
    return replace(link, **changes)


async def test_a_link_comes_back_whole(store: Any) -> None:
    link = replace(a_link("a", readmits=True).with_code(b"c" * 32, NOON), handed=True)
    async with store.transaction() as tx:
        await tx.signing_links.add(link)
        assert await tx.signing_links.get(link.digest) == link
        assert await tx.signing_links.hold(link.digest) == link
        assert await tx.signing_links.latest(M1) == link
        assert await tx.signing_links.get(b"z" * 32) is None
        assert await tx.signing_links.latest(MemberId("m2")) is None


async def test_what_becomes_of_it_is_written(store: Any) -> None:
    link = a_link("a")
    later = [link.with_code(b"c" * 32, NOON)]
    later.append(later[-1].tried())
    later.append(replace(later[-1], used_at=NOON + DAY / 2))
    async with store.transaction() as tx:
        await tx.signing_links.add(link)
        for changed in later:
            await tx.signing_links.save(changed)
            assert await tx.signing_links.get(link.digest) == changed


async def test_a_new_link_revokes_the_member_s_former_one_unless_it_was_used(store: Any) -> None:
    used, waiting = a_link("a", used_at=NOON), a_link("b")
    other = a_link("o", member=MemberId("m2"))
    newest = a_link("c", made_at=NOON + DAY / 2)
    async with store.transaction() as tx:
        for link in (used, waiting, other, newest):
            await tx.signing_links.add(link)
        found = tx.signing_links
        assert await found.get(waiting.digest) == replace(waiting, revoked_at=NOON + DAY / 2)
        assert await found.get(used.digest) == used
        assert await found.get(other.digest) == other
        assert await found.latest(M1) == newest


async def test_who_holds_a_link_holds_it_alone(store: Any) -> None:
    link = a_link("a").with_code(b"c" * 32, NOON)
    async with store.transaction() as tx:
        await tx.signing_links.add(link)

    async def try_once() -> None:
        async with store.transaction() as tx:
            held = await tx.signing_links.hold(link.digest)
            await tx.signing_links.save(held.tried())

    await asyncio.gather(*(try_once() for _ in range(6)))
    async with store.transaction() as tx:
        assert (await tx.signing_links.get(link.digest)).code.tries == 6


async def test_the_text_that_was_signed_is_kept_to_the_byte(store: Any) -> None:
    signature = a_signature(text_hash=CHARTER.hash)
    async with store.transaction() as tx:
        await tx.members.save(a_merchant())
        await tx.signatures.add(signature, CHARTER)
        await tx.signatures.add(replace(signature, signed_at=NOON + DAY), CHARTER)
        assert await tx.signatures.signed_text(CHARTER.hash) == CHARTER
        assert (await tx.signatures.signed_text(CHARTER.hash)).hash == CHARTER.hash
        assert await tx.signatures.signed_text("0" * 64) is None


async def test_evidence_is_of_its_signature_only(store: Any) -> None:
    first = a_signature(evidence=EVIDENCE.hash, seal="first")
    second = a_signature(signed_at=NOON + DAY, seal="second")
    async with store.transaction() as tx:
        await tx.members.save(a_merchant())
        await tx.signatures.add(first, CHARTER, EVIDENCE)
        await tx.signatures.add(second, CHARTER)
        assert await tx.signatures.evidence(first) == EVIDENCE
        assert await tx.signatures.evidence(second) is None
        assert await tx.signatures.latest(M1) == second
