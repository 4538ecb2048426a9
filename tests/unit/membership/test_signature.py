"""Signature of the charter: shown, signed and recorded to the byte, and sealed."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from support.golden import PlainSeals
from support.land import NOW, merchant, officer, shipped_world
from support.memory_store import MemoryStore

from appservice.domain.charter import InForce, NotInForce, sign_bytes
from appservice.domain.errors import NotAllowed, PermanentFailure
from appservice.domain.ids import MemberId
from appservice.flows.signature import Signing, TextChanged

ANNE, CLAUDE = merchant("anne"), officer("camille")


@pytest.fixture
async def store() -> MemoryStore:
    store = MemoryStore(lambda: NOW)
    async with store.transaction() as tx:
        for member in (ANNE, CLAUDE):
            await tx.members.save(member)
    return store


@pytest.fixture
def signing(store) -> Signing:
    return Signing(store, PlainSeals(), lambda: NOW, shipped_world())


@pytest.mark.parametrize(
    ("member", "charter"), [(ANNE, "charte-commercants"), (CLAUDE, "charte-agents")]
)
async def test_what_is_shown_is_what_is_signed_and_recorded(signing, store, member, charter):
    shown = await signing.shown_to(member.id)
    signature = await signing.sign(member.id, hashlib.sha256(shown.text.encode()).hexdigest())
    assert (signature.charter, signature.text_hash) == (charter, shown.hash)
    assert (signature.signed_at, signature.valid_until) == (NOW, NOW + timedelta(days=365))
    async with store.transaction() as tx:
        assert await tx.signatures.latest(member.id) == signature
    world = shipped_world()
    version = world.charters[charter].version
    assert [(a.actor, a.verb, a.subject, a.codes) for a in store.acts] == [
        (member.id, "sign", charter, (version,))
    ]
    standing = world.standing(member, signature, NOW)
    assert standing == InForce(NOW + timedelta(days=365), version)


async def test_the_seal_covers_who_what_and_when(signing):
    signature = await signing.sign(ANNE.id, (await signing.shown_to(ANNE.id)).hash)
    assert sign_bytes(signature) in signing.seals.signed
    assert signing.verify(signature)
    assert not signing.verify(replace(signature, version="2026-10"))
    assert not signing.verify(replace(signature, seal=""))


async def test_a_text_that_changed_since_it_was_shown_is_not_signed(signing, store):
    with pytest.raises(TextChanged):
        await signing.sign(ANNE.id, "00" * 32)
    async with store.transaction() as tx:
        assert await tx.signatures.latest(ANNE.id) is None
    assert store.acts == []


async def test_whoever_was_put_out_does_not_sign_their_way_back_in(signing, store):
    shown = await signing.shown_to(ANNE.id)
    await signing.sign(ANNE.id, shown.hash)
    async with store.transaction() as tx:
        await tx.signatures.revoke(ANNE.id, NOW)
    with pytest.raises(NotAllowed, match="retirée par la mairie"):
        await signing.sign(ANNE.id, shown.hash)
    async with store.transaction() as tx:
        latest = await tx.signatures.latest(ANNE.id)
    assert shipped_world().standing(ANNE, latest, NOW) == NotInForce("revoked")


async def test_the_mairie_may_let_somebody_back_in_and_that_is_recorded(signing, store):
    shown = await signing.shown_to(ANNE.id)
    await signing.sign(ANNE.id, shown.hash)
    async with store.transaction() as tx:
        await tx.signatures.revoke(ANNE.id, NOW)
    signature = await signing.sign(ANNE.id, shown.hash, readmitted_by="mairie")
    assert isinstance(shipped_world().standing(ANNE, signature, NOW), InForce)
    assert ("mairie", "readmit", "anne") in [(a.actor, a.verb, a.subject) for a in store.acts]


async def test_nobody_signs_who_is_not_enrolled_or_has_no_charter(signing, store):
    with pytest.raises(PermanentFailure, match="inconnue du registre"):
        await signing.shown_to(MemberId("eve"))
    async with store.transaction() as tx:
        await tx.members.save(replace(ANNE, territory="ailleurs"))
    with pytest.raises(PermanentFailure, match="Aucune charte"):
        await signing.sign(ANNE.id, "00" * 32)
