"""What any register of members and signatures does."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.memory_store import resembles
from support.store_builders import LIFFRE, NOON, a_merchant, a_signature

from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import Insee, MemberId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Level, Zone

ACI = "0b1c2d3e-0000-4000-8000-123456789abc"


async def test_a_member_comes_back_as_saved(store: Any) -> None:
    merchant = a_merchant(phone="+33612345678", signal=ACI, language="en", sms_fallback=True)
    merchant = replace(merchant, trained=NOON.date())
    officer = a_merchant(
        "o1",
        role=Role.GENDARME,
        trades=(),
        shop="",
        commune="",
        zones=(LIFFRE, Zone(Level.DEPARTMENT, "35")),
        channels=frozenset(),
        mxid=None,
    )
    async with store.transaction() as tx:
        await tx.members.save(merchant)
        await tx.members.save(officer)
    async with store.transaction() as tx:
        assert await tx.members.get(merchant.id) == merchant
        assert await tx.members.get(officer.id) == officer
        assert await tx.members.get(MemberId("m404")) is None


async def test_saving_again_replaces(store: Any) -> None:
    async with store.transaction() as tx:
        await tx.members.save(a_merchant(phone="+33612345678"))
        await tx.members.save(a_merchant(phone="+33699999999", shop="Presse du Centre"))
    async with store.transaction() as tx:
        assert await tx.members.at(Channel.SMS, "+33612345678") is None
        found = await tx.members.at(Channel.SMS, "+33699999999")
    assert found is not None
    assert found.shop == "Presse du Centre"


async def test_a_member_is_found_at_each_address(store: Any) -> None:
    merchant = a_merchant(phone="+33612345678", signal=ACI)
    async with store.transaction() as tx:
        await tx.members.save(merchant)
        await tx.members.save(a_merchant("m2"))
        assert await tx.members.at(Channel.MATRIX, "@m1:exemple.fr") == merchant
        assert await tx.members.at(Channel.SMS, "+33612345678") == merchant
        assert await tx.members.at(Channel.SIGNAL, ACI) == merchant
        assert await tx.members.at(Channel.SIGNAL, "+33612345678") is None
        assert await tx.members.at(Channel.SMS, "+33600000000") is None


@pytest.mark.parametrize("address", [{"phone": "+33612345678"}, {"signal": ACI}])
async def test_an_address_belongs_to_one_member(store: Any, address: dict[str, str]) -> None:
    async with store.transaction() as tx:
        await tx.members.save(a_merchant(**address))
        with pytest.raises(PermanentFailure, match="déjà celle du membre m1") as refused:
            await tx.members.save(a_merchant("m2", **address))
        await tx.members.save(a_merchant(name="Léa Le Goff", **address))
    assert next(iter(address.values())) not in str(refused.value)


async def test_everyone_by_territory(store: Any) -> None:
    members = [a_merchant(f"m{n}") for n in range(3)] + [a_merchant("n1", territory="mantes")]
    async with store.transaction() as tx:
        for member in reversed(members):
            await tx.members.save(member)
        assert list(await tx.members.everyone()) == members
        assert list(await tx.members.everyone("liffre")) == members[:3]
        assert list(await tx.members.everyone("ailleurs")) == []
        some = await tx.members.some({members[0].id, members[2].id, MemberId("m404")})
        assert some == {member.id: member for member in (members[0], members[2])}
        assert await tx.members.some([]) == {}


async def test_those_near_are_the_same_by_the_index_and_by_a_look_at_everybody(store: Any) -> None:
    chance = random.Random(7)
    people = [_somebody(f"m{n:03}", chance) for n in range(120)]
    async with store.transaction() as tx:
        for one in people:
            await tx.members.save(one)
        alone = 0
        for candidate in (*people, *(_somebody(f"x{n}", chance) for n in range(60))):
            expected = [one for one in people if _near(one, candidate)]
            assert list(await tx.members.near([candidate])) == expected
            alone += not expected
        few = people[:7]
        together = [one for one in people if any(_near(one, other) for other in few)]
        assert list(await tx.members.near(few)) == together
        assert alone > 5, "or this proved nothing"
        assert list(await tx.members.near([])) == []


def _somebody(member: str, chance: random.Random) -> Member:
    """Few names for many people, written in several ways; an address of their own, or none."""
    phone = f"+336{chance.randrange(10**8):08}"
    return replace(
        a_merchant(member, mxid=None),
        role=chance.choice([Role.MERCHANT] * 5 + [Role.GENDARME]),
        territory=chance.choice(["liffre", "liffre", "mantes"]),
        commune=Insee(chance.choice(["35152", "35236", "35001"])),
        shop=chance.choice(
            [
                "Tabac de la Halle",
                "TABAC  de-la halle !",
                "Au Bon Pain",
                "L'Écrin",
                "l ecrin",
                "",
                "–",
            ]
            + [f"Commerce {chance.randrange(90)}" for _ in range(7)]
        ),
        siret=chance.choice(["", "", "", f"{chance.randrange(25):014}"]),
        phone=chance.choice([None, phone]),
    )


def _near(one: Member, other: Member) -> bool:
    at = (one.address(c) is not None and one.address(c) == other.address(c) for c in Channel)
    return any(at) or resembles(one, other)


async def test_the_latest_signature_counts(store: Any) -> None:
    first, second = a_signature(), a_signature(version="2027-1", seal="autre")
    async with store.transaction() as tx:
        assert await tx.signatures.latest(MemberId("m1")) is None
        for signature in (first, a_signature("m2"), second):
            await tx.signatures.add(signature)
    async with store.transaction() as tx:
        assert await tx.signatures.latest(MemberId("m1")) == second
        assert dict(await tx.signatures.all_latest()) == {"m1": second, "m2": a_signature("m2")}


async def test_the_roll_says_who_may_take_part_and_opens_nothing(store: Any) -> None:
    phone, nowhere = a_merchant(phone="+33612345678"), a_merchant("m2")
    officer = replace(a_merchant("o1"), role=Role.GENDARME)
    elsewhere = a_merchant("n1", territory="mantes")
    first, second = a_signature(), a_signature(version="2027-1")
    async with store.transaction() as tx:
        for member in (elsewhere, officer, nowhere, phone):
            await tx.members.save(replace(member, channels=frozenset(Channel)))
        for signature in (first, second, a_signature("n1")):
            await tx.signatures.add(signature)
    async with store.transaction() as tx:
        await tx.signatures.revoke(MemberId("n1"), NOON)
        [mine, theirs] = await tx.roll.merchants("liffre")
        assert (mine.id, mine.signature, mine.home_trade) == ("m1", second, phone.home_trade)
        matrix = Channel.MATRIX
        assert (mine.channels, theirs.channels) == ({matrix, Channel.SMS}, {matrix})
        assert (mine.commune, theirs.signature) == (phone.commune, None)
        [foreign, sworn] = await tx.roll.of([officer.id, elsewhere.id, MemberId("m404")])
        assert (sworn.role, sworn.territory) == (Role.GENDARME, "liffre")
        assert foreign.signature == replace(a_signature("n1"), revoked_at=NOON)
        assert list(await tx.roll.of([])) == list(await tx.roll.merchants("ailleurs")) == []


async def test_revoking_says_when_and_only_once(store: Any) -> None:
    later = NOON + timedelta(days=1)
    async with store.transaction() as tx:
        await tx.signatures.add(a_signature())
        await tx.signatures.revoke(MemberId("m1"), NOON)
        await tx.signatures.revoke(MemberId("m1"), later)
        assert await tx.signatures.latest(MemberId("m1")) == replace(
            a_signature(), revoked_at=NOON
        )
        await tx.signatures.add(a_signature(version="2027-1"))
        assert await tx.signatures.latest(MemberId("m1")) == a_signature(version="2027-1")
