"""The figures as Prometheus reads them. Labels name kinds of things, never a person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from appservice.domain.figures import LAPS, Backlog, Figures, Waits
from appservice.operations.readiness import Part

CONTENT_TYPE = CONTENT_TYPE_LATEST


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that one scrape shows. `figures` is None while the database is away."""

    at: datetime
    safe: bool
    parts: Sequence[Part]
    steps: Mapping[str, int]  # of reconciliation, by outcome
    figures: Figures | None = None
    keyless: int = 0  # devices that no room key could be sent to


def exposition(reading: Reading) -> bytes:
    """The text that Prometheus scrapes."""
    registry = CollectorRegistry()
    registry.register(_Collector(reading))
    return generate_latest(registry)


class _Collector(Collector):
    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        reading = self._reading
        yield GaugeMetricFamily(
            "maillage_safe_mode", "1 while alerts are suspended (serve --safe)", int(reading.safe)
        )
        yield _gauge(
            "maillage_part_up",
            "Whether the database, the homeserver and each bridge work",
            "part",
            {part.name: int(part.ok) for part in reading.parts},
        )
        yield GaugeMetricFamily(
            "maillage_keyless_devices",
            "Devices that got no room key: they had no one-time key left",
            reading.keyless,
        )
        yield _counter(
            "maillage_reconcile_steps",
            "Steps that put rooms and groups right",
            ("outcome",),
            [([outcome], count) for outcome, count in reading.steps.items()],
        )
        if reading.figures is not None:
            yield from _traffic(reading.figures, reading.at)
            yield from _cases(reading.figures)


def _traffic(figures: Figures, now: datetime) -> Iterator[Metric]:
    yield _ages(
        "maillage_queue_oldest_seconds", "Age of the oldest parcel in the queue", "channel",
        figures.queued, now,
    )  # fmt: skip
    deliveries = GaugeMetricFamily(
        "maillage_deliveries", "Parcels by channel and state", labels=["channel", "state"]
    )
    for labels, count in sorted(figures.deliveries.items()):
        deliveries.add_metric(labels, count)
    yield deliveries
    yield _gauge(
        "maillage_journal_entries",
        "What came in and is not handled yet",
        "source",
        {name: backlog.count for name, backlog in figures.journal.items()},
    )
    yield _ages(
        "maillage_journal_oldest_seconds", "Age of the oldest of them", "source",
        figures.journal, now,
    )  # fmt: skip


def _cases(figures: Figures) -> Iterator[Metric]:
    yield _counter(
        "maillage_verdicts",
        "What the judge decided of alerts that officers submitted",
        ("decision",),
        [([decision], count) for decision, count in figures.verdicts.items()],
    )
    yield _counter(
        "maillage_verdict_rules",
        "Rules that such a decision rests on",
        ("decision", "rule"),
        figures.rules.items(),
    )
    yield _gauge("maillage_alerts", "Alerts by stage", "stage", figures.alerts)
    yield _gauge("maillage_reports", "Reports by stage", "stage", figures.reports)
    yield GaugeMetricFamily(
        "maillage_emergencies", "Reports that told of a danger", figures.emergencies
    )
    yield _gauge("maillage_members", "Members by charter", "charter", figures.charters)
    yield _histogram(
        "maillage_report_taken_seconds", "From receipt until an officer takes it", figures.taken
    )
    yield _histogram(
        "maillage_report_cleared_seconds", "From receipt to the levée de doute", figures.cleared
    )


def _gauge(name: str, said: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, said, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _ages(
    name: str, said: str, label: str, backlogs: Mapping[str, Backlog], now: datetime
) -> Metric:
    ages = {key: (now - backlog.oldest).total_seconds() for key, backlog in backlogs.items()}
    return _gauge(name, said, label, {key: max(age, 0.0) for key, age in ages.items()})


def _counter(
    name: str,
    said: str,
    labels: Sequence[str],
    values: Iterable[tuple[Sequence[str], int]],
) -> Metric:
    family = CounterMetricFamily(name, said, labels=labels)
    for key, value in sorted(values):
        family.add_metric(key, value)
    return family


def _histogram(name: str, said: str, waits: Waits) -> Metric:
    buckets = [
        (str(lap.total_seconds()), float(count))
        for lap, count in zip(LAPS, waits.within, strict=True)
    ]
    family = HistogramMetricFamily(name, said)
    family.add_metric([], [*buckets, ("+Inf", float(waits.count))], waits.total.total_seconds())
    return family
