"""The register searched, in memory and in PostgreSQL: the same people, in the same order."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.store_builders import NOON, a_merchant, a_signature

from appservice.domain.charter import Charter, Former, standing
from appservice.domain.console.search import (
    SOON,
    CharterState,
    Order,
    Search,
    asked,
    by_public,
    state_of,
)
from appservice.domain.ids import Insee, MemberId, TradeId
from appservice.domain.member import Channel, Member, Role

YEAR, DAY = timedelta(days=365), timedelta(days=1)
FORMER = "11" * 32
TEXT = Charter(
    *("charte-commercants", "2026-2", "Charte", "texte", YEAR),
    former=Former(FORMER, NOON + SOON + DAY),
)
AGENTS = Charter("charte-agents", "2026-1", "Charte", "texte des agents", YEAR)
DUE = {"merchant": TEXT, "agent": AGENTS}
LIFFRE, REDON = Insee("35152"), Insee("35236")

SIGNED: dict[str, dict[str, Any]] = {
    "in-force": {},
    "expiring": {"valid_until": NOON + SOON},
    "ends-later": {"valid_until": NOON + SOON + timedelta(seconds=1)},
    "outdated": {"text_hash": "00" * 32},
    "outdated-and-over": {"text_hash": "00" * 32, "valid_until": NOON - DAY},
    "former": {"text_hash": FORMER},
    "former-and-over": {"text_hash": FORMER, "valid_until": NOON},
    "former-and-expiring": {"text_hash": FORMER, "valid_until": NOON + DAY},
    "former-and-revoked": {"text_hash": FORMER, "revoked_at": NOON},
    "expired": {"valid_until": NOON},
    "revoked": {"revoked_at": NOON},
    "revoked-and-outdated": {"text_hash": "00" * 32, "revoked_at": NOON - DAY},
    "to-be-revoked": {"revoked_at": NOON + DAY},
    "of-another-charter": {"charter": "charte-agents"},
}


def person(member: str, /, **changes: Any) -> Member:
    changes = {"mxid": None, "channels": frozenset({Channel.SMS}), **changes}
    return replace(a_merchant(member), **changes)


async def save(store: Any, *people: Member, **signed: Any) -> None:
    async with store.transaction() as tx:
        for one in people:
            await tx.members.save(one)
            if signed:
                await tx.signatures.add(replace(a_signature(one.id), **signed))


async def find(store: Any, page: int = 1, size: int = 0, **wanted: Any) -> tuple[list[str], int]:
    async with store.transaction() as tx:
        found = await tx.roll.find(Search("liffre", **wanted), DUE, NOON, page, size)
    return list(found.people), found.count


async def test_every_state_is_the_one_that_the_domain_says(store):
    members = [person(name) for name in SIGNED]
    async with store.transaction() as tx:
        for member in [*members, person("never-signed")]:
            await tx.members.save(member)
        for member in members:
            given = {"text_hash": TEXT.hash, "valid_until": NOON + YEAR, **SIGNED[member.id]}
            await tx.signatures.add(a_signature(member.id, **given))
    for state in CharterState:
        async with store.transaction() as tx:
            signatures = await tx.signatures.all_latest()
        expected = {
            member.id
            for member in [*members, person("never-signed")]
            if state_of(standing(signatures.get(member.id), TEXT, NOON), NOON) is state
        }
        assert expected, "each state has somebody"
        people, count = await find(store, state=state)
        if state is CharterState.IN_FORCE:
            expected |= set((await find(store, state=CharterState.EXPIRING))[0])
        assert set(people) == expected, state
        assert count == len(expected)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(0), CharterState.OUTDATED),
        (timedelta(seconds=1), CharterState.EXPIRING),
        (SOON + DAY, CharterState.IN_FORCE),
    ],
)
async def test_who_signed_the_former_text_has_until_the_grace_ends(store, left, expected):
    await save(store, person("m1"), text_hash=FORMER, valid_until=NOON + YEAR)
    due = {"merchant": replace(TEXT, former=Former(FORMER, NOON + left))}
    async with store.transaction() as tx:
        found = await tx.roll.find(Search("liffre", state=expected), due, NOON, 1, 0)
        signature = await tx.signatures.latest(MemberId("m1"))
    assert found.people == ("m1",)
    assert state_of(standing(signature, due["merchant"], NOON), NOON) is expected


async def test_the_last_signature_counts(store):
    await save(store, person("m1"), text_hash=TEXT.hash, revoked_at=NOON)
    async with store.transaction() as tx:
        later = a_signature("m1", text_hash=TEXT.hash, valid_until=NOON + YEAR)
        await tx.signatures.add(later)
    assert await find(store, state=CharterState.REVOKED) == ([], 0)
    assert await find(store, state=CharterState.IN_FORCE) == (["m1"], 1)


async def test_agents_are_held_to_their_own_charter(store):
    agent = person("g1", role=Role.GENDARME, trades=(), shop="")
    await save(store, agent, charter="charte-agents", text_hash=AGENTS.hash)
    assert await find(store, state=CharterState.IN_FORCE) == (["g1"], 1)
    async with store.transaction() as tx:
        found = await tx.roll.find(Search("liffre"), {}, NOON, 1, 0)
        assert found.people == ("g1",)
        never = Search("liffre", state=CharterState.NEVER_SIGNED)
        assert (await tx.roll.find(never, {}, NOON, 1, 0)).count == 1, "no charter to sign"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tang", ["m1"]),
        ("TANGUY claire", ["m1"]),
        ("halle tanguy", ["m1"]),
        ("tabac", ["m1", "m2"]),
        ("boulangerie-pâtisserie", ["m3"]),
        ("boulangerits", ["m3"]),  # its first eight letters are what is known of a word
        ("le", ["m2", "m3"]),
        ("bac", []),
        ("tanguy redon", []),
    ],
)
async def test_words_are_found_by_their_beginning(store, text: str, expected: list[str]):
    await save(
        store,
        person("m1", name="Claire Tanguy", shop="Tabac de la Halle"),
        person("m2", name="Yann Kérisit", shop="Le Tabac d'Or"),
        person("m3", name="Léa Nédélec", shop="Boulangerie-Pâtisserie Le Gall"),
        person("m4", name="Claire Tanguy", shop="Tabac de la Halle", territory="ailleurs"),
    )
    assert await find(store, beginnings=asked(text)) == (expected, len(expected))


async def test_a_changed_name_is_found_by_the_new_one_only(store):
    await save(store, person("m1", name="Claire Tanguy"))
    await save(store, person("m1", name="Claire Morvan"))
    assert await find(store, beginnings=asked("morvan")) == (["m1"], 1)
    assert await find(store, beginnings=asked("tanguy")) == ([], 0)


async def test_each_filter_keeps_who_fits_and_all_of_them_together(store):
    both = frozenset({Channel.SMS, Channel.SIGNAL})
    await save(
        store,
        person("m1", phone="+33612345678", channels=both, commune=LIFFRE),
        person("m2", phone="+33612345679", commune=REDON, trades=(TradeId("boulangers"),)),
        person("m3", channels=frozenset({Channel.SIGNAL}), commune=REDON),
    )
    assert await find(store, phone="+33612345679") == (["m2"], 1)
    assert await find(store, phone="+33600000000") == ([], 0)
    assert await find(store, trade=TradeId("presse")) == (["m1", "m3"], 2)
    assert await find(store, commune=REDON) == (["m2", "m3"], 2)
    assert await find(store, channel=Channel.SIGNAL) == (["m1", "m3"], 2)
    assert await find(store, channel=Channel.SIGNAL, commune=REDON) == (["m3"], 1)
    assert await find(store, channel=Channel.MATRIX) == ([], 0)


async def test_orders(store, clock):
    for number, (name, commune, until) in enumerate(
        [("b", REDON, YEAR), ("a", REDON, 2 * DAY), ("c", LIFFRE, 3 * DAY)]
    ):
        clock.advance(timedelta(minutes=number))
        await save(
            store,
            person(name, commune=commune),
            text_hash=TEXT.hash,
            valid_until=NOON + until,
        )
    clock.advance(DAY)
    await save(store, person("d", commune=LIFFRE))
    assert (await find(store, order=Order.PLACE))[0] == ["c", "d", "a", "b"]
    assert (await find(store, order=Order.NAME))[0] == ["c", "d", "a", "b"]
    assert (await find(store, order=Order.ENDING))[0] == ["a", "c", "b", "d"]
    assert (await find(store, order=Order.RECENT))[0] == ["d", "c", "a", "b"]


async def test_pages_hold_everybody_once_and_end(store):
    names = [f"m{number:02}" for number in range(7)]
    await save(store, *(person(name) for name in names))
    await save(store, person("x", territory="ailleurs"))
    pages = [(await find(store, page, 3))[0] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [*pages[0], *pages[1], *pages[2]] == names
    async with store.transaction() as tx:
        beyond = await tx.roll.find(Search("liffre"), DUE, NOON, 99, 3)
        assert (beyond.people, beyond.page) == (("m06",), 3)
        assert (beyond.count, beyond.total) == (7, 7)
        nobody = await tx.roll.find(Search("liffre", phone="+33600000000"), DUE, NOON, 2, 3)
        assert (nobody.people, nobody.count, nobody.total, nobody.page) == ((), 0, 7, 1)
        empty = await tx.roll.find(Search("nulle-part"), DUE, NOON, 1, 3)
        assert (empty.people, empty.count, empty.total) == ((), 0, 0)


async def test_merchants_are_found_by_their_training(store):
    day = NOON.date()
    agent = person("agent", role=Role.GENDARME, trades=(), commune="")
    await save(store, person("anne", trained=day), person("bruno"), agent)
    assert await find(store, trained=True) == (["anne"], 1)
    assert await find(store, trained=False) == (["bruno"], 1)
    assert (await find(store))[1] == 3


async def test_a_public_owes_its_own_charter(store):
    theirs = Charter("c-agricole", "1", "Charte", "Texte agricole.", YEAR)
    due = {**DUE, by_public(TradeId("agricole")): theirs}
    signed = {"text_hash": theirs.hash, "charter": theirs.id, "valid_until": NOON + YEAR}
    await save(store, person("ferme", trades=("agricole",)), **signed)
    merchants_charter = {"text_hash": TEXT.hash, "valid_until": NOON + YEAR}
    await save(store, person("autre", trades=("agricole",)), **merchants_charter)
    await save(store, person("tabac"), **merchants_charter)
    for member, state in (
        ("ferme", CharterState.IN_FORCE),
        ("autre", CharterState.NEVER_SIGNED),
        ("tabac", CharterState.IN_FORCE),
    ):
        async with store.transaction() as tx:
            found = await tx.roll.find(Search("liffre", state=state), due, NOON, 1, 0)
        assert member in found.people, member
