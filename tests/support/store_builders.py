"""Members, alerts, reports and parcels for the tests of the store, and a clock by hand."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from appservice.domain.alert import Alert, Held
from appservice.domain.audience import Audience
from appservice.domain.charter import Signature
from appservice.domain.delivery import Parcel
from appservice.domain.ids import AlertId, Insee, MemberId, ReportId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.report import Report
from appservice.domain.territory import Level, Zone

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIFFRE = Zone(Level.COMMUNE, "35152")
_numbers = itertools.count(1)


class HandClock:
    """Time moves when the test says so."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> datetime:
        self.now += by
        return self.now


def counted_ids() -> Callable[[], str]:
    """Never the same twice, whichever process of a test asks."""
    return lambda: f"id-{next(_numbers)}"


def a_merchant(member: str = "m1", **changes: Any) -> Member:
    merchant = Member(
        id=MemberId(member),
        role=Role.MERCHANT,
        name="Léa Kervadec",
        territory="liffre",
        shop="Tabac de la Gare",
        trades=(TradeId("buralistes"), TradeId("presse")),
        commune=Insee("35152"),
        channels=frozenset({Channel.MATRIX, Channel.SMS}),
        mxid=UserId(f"@{member}:exemple.fr"),
    )
    return replace(merchant, **changes)


def a_signature(member: str = "m1", **changes: Any) -> Signature:
    signature = Signature(
        member=MemberId(member),
        charter="charte-commercants",
        version="2026-1",
        text_hash="ab" * 32,
        signed_at=NOON,
        valid_until=NOON + timedelta(days=365),
        seal="c2lnbsOp",
    )
    return replace(signature, **changes)


def an_alert(**changes: Any) -> Alert:
    alert = Alert(
        id=AlertId(0),
        author=MemberId("o1"),
        territory="liffre",
        audience=Audience(LIFFRE, frozenset({TradeId("buralistes")})),
        text="Vol à main armée rue de Rennes à 10 h 40.",
        submitted_at=NOON,
        policy_hash="cafe",
        stage=Held(("suspicion",)),
    )
    return replace(alert, **changes)


def a_report(**changes: Any) -> Report:
    report = Report(
        id=ReportId(0),
        author=MemberId("m1"),
        territory="liffre",
        channel=Channel.SIGNAL,
        text="Deux hommes tournent autour de la boutique.",
        received_at=NOON,
    )
    return replace(report, **changes)


def a_parcel(key: str, target: str = "+33612345678", **changes: Any) -> Parcel:
    return replace(Parcel(key, Channel.SMS, target, f"corps de {key}"), **changes)
