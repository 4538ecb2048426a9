"""What is counted of each territory, in memory and in PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

from support.store_builders import NOON, a_merchant, a_report, a_signature, an_alert

from appservice.domain.alert import Held, Published
from appservice.domain.console.openly import LandCounts
from appservice.domain.ids import TradeId
from appservice.domain.member import Role

DAY = timedelta(days=1)
TEXT = "ab" * 32


async def test_only_who_may_take_part_counts_and_only_what_is_recent(store):
    signed = {
        "in-force": {}, "revoked": {"revoked_at": NOON}, "expired": {"valid_until": NOON},
        "outdated": {"text_hash": "00" * 32}, "away": {}, "agent": {}, "unsigned": None,
    }  # fmt: skip
    async with store.transaction() as tx:
        for name, changes in signed.items():
            member = a_merchant(name, territory="away" if name == "away" else "liffre")
            if name == "agent":
                member = replace(member, role=Role.GENDARME, trades=())
            await tx.members.save(member)
            if changes is not None:
                await tx.signatures.add(a_signature(name, **{"text_hash": TEXT, **changes}))
        published = Published(NOON, None)
        await tx.alerts.open(an_alert(submitted_at=NOON, stage=published))
        await tx.alerts.open(an_alert(submitted_at=NOON, stage=Held(("x",))))
        await tx.alerts.open(an_alert(submitted_at=NOON - 2 * DAY, stage=published))
        await tx.reports.open(a_report(received_at=NOON))
        await tx.reports.open(a_report(received_at=NOON - 2 * DAY))
    found = await store.counted.by_territory([TEXT], NOON, NOON - DAY)
    one = {TradeId("buralistes"): 1}
    assert found == {"liffre": LandCounts(one, alerts=1, reports=1), "away": LandCounts(one)}
