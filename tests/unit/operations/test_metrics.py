"""What Prometheus reads, and that the board and the rules ask for nothing else."""

import json
import re
from datetime import timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from support.store_builders import NOON

from appservice.domain.figures import LAPS, Backlog, Figures, Waits
from appservice.operations.metrics import Reading, exposition
from appservice.operations.readiness import Part

DOCKER = Path(__file__).parents[3] / "docker"
FIGURES = Figures(
    queued={"sms": Backlog(3, NOON - timedelta(minutes=2))},
    deliveries={("sms", "queued"): 3, ("matrix", "accepted"): 12},
    journal={"signal": Backlog(1, NOON + timedelta(seconds=1))},
    alerts={"published": 4},
    reports={"cleared": 2},
    emergencies=1,
    verdicts={"hold": 2},
    rules={("hold", "plaque"): 2},
    charters={"in-force": 40, "never-signed": 2},
    taken=Waits(2, timedelta(minutes=5), (0, 1) + (2,) * (len(LAPS) - 2)),
)
READING = Reading(
    at=NOON,
    safe=True,
    parts=[Part("database", True, "ok"), Part("sms", False, "gateway_down")],
    steps={"done": 7, "failed": 1},
    figures=FIGURES,
    keyless=3,
)


def samples(reading: Reading) -> dict[tuple[str, ...], float]:
    """Value by name, then labels."""
    families = text_string_to_metric_families(exposition(reading).decode())
    return {
        (sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_each_figure_has_its_name_and_labels():
    found = samples(READING)
    for name, value in {
        ("maillage_safe_mode",): 1,
        ("maillage_part_up", "part=sms"): 0,
        ("maillage_keyless_devices",): 3,
        ("maillage_reconcile_steps_total", "outcome=failed"): 1,
        ("maillage_queue_oldest_seconds", "channel=sms"): 120,
        ("maillage_deliveries", "channel=matrix", "state=accepted"): 12,
        ("maillage_journal_entries", "source=signal"): 1,
        ("maillage_verdicts_total", "decision=hold"): 2,
        ("maillage_verdict_rules_total", "decision=hold", "rule=plaque"): 2,
        ("maillage_reports", "stage=cleared"): 2,
        ("maillage_members", "charter=in-force"): 40,
        ("maillage_report_taken_seconds_bucket", "le=120.0"): 1,
        ("maillage_report_taken_seconds_bucket", "le=+Inf"): 2,
        ("maillage_report_taken_seconds_sum",): 300,
        ("maillage_report_cleared_seconds_count",): 0,
    }.items():
        assert found[name] == value, name


def test_a_clock_that_is_behind_gives_no_negative_age():
    assert samples(READING)["maillage_journal_oldest_seconds", "source=signal"] == 0


def test_without_the_database_the_rest_is_still_said():
    found = samples(Reading(NOON, False, READING.parts, {}))
    assert found[("maillage_safe_mode",)] == 0
    assert not any(name.startswith("maillage_queue") for name, *_ in found)


def test_the_board_and_the_rules_ask_for_what_is_there():
    known = {name for name, *_ in samples(READING)}
    board = json.loads((DOCKER / "grafana" / "maillage.json").read_text("utf-8"))
    asked = [t["expr"] for panel in board["panels"] for t in panel["targets"]]
    asked.append((DOCKER / "prometheus" / "rules.yml").read_text("utf-8"))
    names = {
        name
        for expression in asked
        for line in expression.splitlines()
        if "alert:" not in line and "summary:" not in line and "name:" not in line
        for name in re.findall(r"maillage_[a-z_]+", line)
    }
    assert len(names) > 12
    assert names <= known


def test_every_figure_is_on_the_board():
    board = (DOCKER / "grafana" / "maillage.json").read_text("utf-8")
    for name in {name for name, *_ in samples(READING)}:
        base = re.sub(r"_(bucket|sum|count|total|created)$", "", name)
        assert base in board, name
