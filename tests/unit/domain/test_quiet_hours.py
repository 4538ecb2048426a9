"""Quiet hours go by the clocks of the place, over midnight and over changes of the hour."""

from datetime import UTC, datetime, time

import pytest

from appservice.domain.telephone.rules import QuietHours

NIGHT = QuietHours()


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-21T20:59", None),  # 21 h 59 in Paris
        ("2026-11-21T21:00", "2026-11-22T06:00"),
        ("2026-11-21T23:30", "2026-11-22T06:00"),
        ("2026-11-22T05:59", "2026-11-22T06:00"),
        ("2026-11-22T06:00", None),
        ("2026-06-01T20:00", "2026-06-02T05:00"),  # in summer
        ("2026-03-28T22:00", "2026-03-29T05:00"),  # the clocks go forward that night
        ("2026-10-24T21:00", "2026-10-25T06:00"),  # and back that one
    ],
)
def test_a_night_in_paris(at: str, until: str | None) -> None:
    found = NIGHT.until(datetime.fromisoformat(at).replace(tzinfo=UTC))
    expected = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
    assert found == expected


def test_a_night_elsewhere() -> None:
    reunion = QuietHours(zone="Indian/Reunion")
    assert reunion.until(datetime(2026, 11, 21, 18, tzinfo=UTC)) == datetime(
        2026, 11, 22, 3, tzinfo=UTC
    )
    assert reunion.until(datetime(2026, 11, 21, 4, tzinfo=UTC)) is None


def test_a_siesta() -> None:
    siesta = QuietHours(time(12), time(14))
    assert siesta.until(datetime(2026, 11, 21, 12, tzinfo=UTC)) == datetime(
        2026, 11, 21, 13, tzinfo=UTC
    )
    assert siesta.until(datetime(2026, 11, 21, 13, tzinfo=UTC)) is None
