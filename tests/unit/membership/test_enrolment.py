"""Enrolment: by the mairie only, all of a list or none, each mistake with its field."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from support.land import (
    MANTES,
    NOW,
    YVELINES,
    merchant,
    officer,
    shipped_world,
    signed,
)
from support.memory_store import MemoryStore

from appservice.domain.enrolment import OPERATOR, EnrolmentRefused, mistakes_in
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import Insee, UserId
from appservice.domain.member import Channel, Role
from appservice.domain.territory import Level, Zone
from appservice.flows.enrolment import Enrolment

ANNE, CLAUDE = merchant("anne", channels="matrix sms"), officer("camille")
ACI = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(lambda: NOW)


@pytest.fixture
def enrolment(store) -> Enrolment:
    numbers = itertools.count(1)
    return Enrolment(
        store, lambda: NOW, lambda: f"m{next(numbers)}", shipped_world(), "maillage.test"
    )


async def everyone(store):
    async with store.transaction() as tx:
        return await tx.members.everyone()


async def test_whoever_is_enrolled_gets_an_id_of_ours_and_is_in_the_audit_chain(enrolment, store):
    member = await enrolment.enrol(ANNE, OPERATOR)
    assert member == replace(ANNE, id=member.id)
    assert member.id == "m1"
    assert await everyone(store) == [member]
    assert [(act.actor, act.verb, act.subject) for act in store.acts] == [
        (OPERATOR, "enrol", "m1")
    ]


async def test_a_mairie_enrols_on_its_own_land_once_its_charter_is_signed(enrolment, store):
    mairie = await enrolment.enrol(officer("mairie", role=Role.MAIRIE), OPERATOR)
    with pytest.raises(NotAllowed, match="pas été signée"):
        await enrolment.enrol(ANNE, mairie.id)
    async with store.transaction() as tx:
        await tx.signatures.add(signed(mairie, NOW - timedelta(days=2)))
    assert (await enrolment.enrol(ANNE, mairie.id)).name == "Anne"
    elsewhere = merchant("carl", MANTES, territory=YVELINES)
    with pytest.raises(NotAllowed, match="son propre territoire"):
        await enrolment.enrol(elsewhere, mairie.id)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MAIRIE])
async def test_nobody_else_enrols(enrolment, store, role):
    person = ANNE if role is Role.MERCHANT else officer("camille", role=role)
    member = await enrolment.enrol(person, OPERATOR)
    async with store.transaction() as tx:
        await tx.signatures.add(signed(member))
    with pytest.raises(NotAllowed, match="Seule la mairie"):
        await enrolment.enrol(merchant("dora"), member.id)


async def test_a_stranger_does_not_enrol_themself(enrolment, store):
    with pytest.raises(NotAllowed):
        await enrolment.enrol(ANNE, "anne")
    assert await everyone(store) == []


async def test_of_a_list_with_a_mistake_nobody_is_enrolled(enrolment, store):
    with pytest.raises(EnrolmentRefused) as refused:
        await enrolment.enrol_all(
            [ANNE, replace(CLAUDE, zones=()), replace(ANNE, name="")], OPERATOR
        )
    assert [(m.rank, m.field, m.code) for m in refused.value.mistakes] == [
        (1, "zones", "no-zone"),
        (2, "mxid", "repeated"),
        (2, "name", "no-name"),
        (2, "phone", "repeated"),
    ]
    assert await everyone(store) == []


async def test_an_address_belongs_to_one_person(enrolment):
    await enrolment.enrol(ANNE, OPERATOR)
    with pytest.raises(EnrolmentRefused, match="Déjà inscrit avec ce numéro") as refused:
        await enrolment.enrol(replace(merchant("bruno", channels="matrix sms")), OPERATOR)
    assert [(m.field, m.code) for m in refused.value.mistakes] == [("phone", "taken")]


async def test_the_same_list_twice_enrols_once(enrolment, store):
    first = await enrolment.enrol_all([ANNE, CLAUDE], OPERATOR)
    assert await enrolment.enrol_all([ANNE, CLAUDE], OPERATOR) == first
    assert await everyone(store) == list(first)


@pytest.mark.parametrize(
    ("person", "found"),
    [
        (replace(ANNE, name=" "), {"name:no-name"}),
        (replace(ANNE, shop=""), {"shop:no-shop"}),
        (replace(ANNE, shop="x" * 81), {"shop:bad-text"}),
        (replace(ANNE, name="a\u202eb"), {"name:bad-text"}),
        (replace(ANNE, language="br"), {"language:unknown-language"}),
        (replace(ANNE, channels=frozenset()), {"channels:no-channel"}),
        (replace(ANNE, mxid=None), set()),  # the account comes after the signature
        (replace(ANNE, phone=None), {"phone:no-address"}),
        (replace(ANNE, phone="0639980000"), {"phone:bad-phone"}),
        (replace(ANNE, phone="+33 639980000"), {"phone:bad-phone"}),
        (replace(ANNE, mxid=UserId("anne")), {"mxid:bad-mxid"}),
        (replace(ANNE, mxid=UserId("@anne:ailleurs.test")), {"mxid:foreign-mxid"}),
        (replace(ANNE, channels=frozenset({Channel.SIGNAL})), set()),
        (
            replace(ANNE, channels=frozenset({Channel.SIGNAL}), phone=None),
            {"phone:no-address"},
        ),
        (replace(ANNE, signal="anne"), {"signal:bad-account"}),
        (replace(ANNE, signal=ACI), set()),
        (replace(ANNE, territory="ailleurs"), {"territory:unknown-territory"}),
        (replace(ANNE, commune=Insee("78361")), {"commune:unknown-commune"}),
        (replace(ANNE, trades=()), {"trades:no-trade"}),
        (replace(ANNE, trades=("fleuristes",)), {"trades:unknown-trade"}),
        (replace(ANNE, trades=("bijoutiers", "bijoutiers")), {"trades:repeated-trade"}),
        (replace(ANNE, zones=CLAUDE.zones), {"zones:merchant-zones"}),
        (replace(CLAUDE, zones=()), {"zones:no-zone"}),
        (replace(CLAUDE, zones=(Zone(Level.COMMUNE, "78361"),)), {"zones:unknown-zone"}),
        (replace(CLAUDE, commune=Insee("35152")), {"trades:agent-shop"}),
        (CLAUDE, set()),
    ],
)
def test_each_mistake_has_a_field_a_code_and_a_sentence(person, found):
    mistakes = mistakes_in(person, shipped_world(), "maillage.test")
    assert {f"{m.field}:{m.code}" for m in mistakes} == found
    assert all(m.french.endswith(".") for m in mistakes)


@pytest.mark.parametrize(
    ("channels", "phone", "fine"),
    [
        ("signal", "+33612345678", True),
        ("signal matrix", "+33612345678", True),
        ("signal sms", "+33612345678", False),
        ("matrix", "+33612345678", False),
    ],
)
def test_a_text_when_signal_fails_is_for_who_has_signal_and_no_texts(channels, phone, fine):
    person = replace(merchant("ivan", channels=channels), phone=phone, sms_fallback=True)
    found = mistakes_in(person, shipped_world(), "maillage.test")
    assert ("sms_fallback" not in {mistake.field for mistake in found}) is fine
