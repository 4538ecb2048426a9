"""What the doctor finds when one thing is wrong, and how it says to mend it."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from support.store_builders import NOON

from appservice.domain.errors import MaillageError, PermanentFailure, TemporaryFailure
from appservice.domain.figures import Backlog, Figures
from appservice.domain.gate import GateTrial
from appservice.operations.doctor import (
    Finding,
    examine_database,
    examine_homeserver,
    examine_keys,
    examine_parts,
)
from appservice.operations.readiness import Part

SERVICE = "@_maillage_as:exemple.fr"
HELD = GateTrial(True, True, True, True)
T = TypeVar("T")


@dataclass(frozen=True)
class Homeserver:
    """Implements `ports.Probe`; answers what the test says, or raises it."""

    up: MaillageError | None = None
    date: datetime | None = NOON
    name: str | MaillageError = SERVICE
    reaches: MaillageError | None = None
    gate: GateTrial | MaillageError = HELD

    async def version(self) -> tuple[str, datetime | None]:
        if self.up is not None:
            raise self.up
        return "Synapse/1.163.2", self.date

    async def whoami(self) -> str:
        return _said(self.name)

    async def ping(self) -> None:
        if self.reaches is not None:
            raise self.reaches

    async def try_gate(self) -> GateTrial:
        return _said(self.gate)


def _said(answer: T | MaillageError) -> T:
    if isinstance(answer, MaillageError):
        raise answer
    return answer


@dataclass
class Database:
    """Implements `ports.Watched`."""

    date: datetime | MaillageError = NOON
    figures: Figures = field(default_factory=Figures)

    async def now(self) -> datetime:
        return _said(self.date)

    async def read(self, texts: Collection[str]) -> Figures:
        return self.figures


async def wrong(homeserver: Homeserver) -> list[Finding]:
    findings = [f async for f in examine_homeserver(homeserver, SERVICE, lambda: NOON)]
    return [finding for finding in findings if not finding.ok]


async def test_a_homeserver_that_is_in_order():
    findings = [f async for f in examine_homeserver(Homeserver(), SERVICE, lambda: NOON)]
    assert all(finding.ok for finding in findings)
    assert "\n".join(line for finding in findings for line in finding.lines()) == (
        "✓ serveur Matrix : Synapse/1.163.2\n"
        "✓ horloge du serveur Matrix : 0 s d'écart\n"
        "✓ jeton du service : accepté\n"
        "✓ serveur Matrix → service : accepté\n"
        "✓ barrière de charte : refuse une invitation sans preuve et un faux salon\n"
        "✓ compte du service à la barrière : reconnu\n"
        "✓ clé publique à la barrière : la nôtre"
    )


@pytest.mark.parametrize(
    ("change", "what", "seen", "mend"),
    [
        ({"up": TemporaryFailure("pas de réponse")}, "serveur Matrix", "pas de réponse",
         "homeserver.url"),
        ({"date": NOON + timedelta(minutes=3)}, "horloge du serveur Matrix", "180 s", "NTP"),
        ({"date": None}, "horloge du serveur Matrix", "ne dit pas l'heure", "NTP"),
        ({"name": PermanentFailure("réponse 401 M_UNKNOWN_TOKEN")}, "jeton du service", "401",
         "enregistrement"),
        ({"name": "@autre:exemple.fr"}, "jeton du service", "@autre", "enregistrement"),
        ({"reaches": PermanentFailure("réponse 502 M_BAD_STATUS")}, "serveur Matrix → service",
         "M_BAD_STATUS", "hs_token"),
        ({"gate": replace(HELD, refuses_bare_invite=False)}, "barrière de charte",
         "laisse entrer", "modules"),
        ({"gate": replace(HELD, refuses_strangers_room=False)}, "barrière de charte",
         "laisse entrer", "modules"),
        ({"gate": GateTrial(False, False, False, False)}, "barrière de charte", "laisse entrer",
         "modules"),
        ({"gate": GateTrial(True, False, False, False)}, "compte du service à la barrière",
         "inconnu", "bot"),
        ({"gate": replace(HELD, accepts_our_proof=False)}, "clé publique à la barrière",
         "une autre", "public_keys"),
        ({"gate": TemporaryFailure("pas de réponse")}, "barrière de charte", "pas de réponse",
         "Relancez"),
    ],
)  # fmt: skip
async def test_each_thing_that_is_wrong_with_it_is_named(
    change: dict[str, object], what: str, seen: str, mend: str
):
    [finding] = await wrong(replace(Homeserver(), **change))  # type: ignore[arg-type] # a table
    assert finding.what == what
    assert seen in finding.seen
    assert mend in finding.mend
    assert finding.lines()[0].startswith("✗")


LATE = Backlog(2, NOON - timedelta(minutes=25))
FRESH = Backlog(2, NOON - timedelta(minutes=5))


@pytest.mark.parametrize(
    ("database", "what", "seen"),
    [
        (Database(TemporaryFailure("hors d'atteinte")), "base de données", "hors d'atteinte"),
        (Database(NOON - timedelta(hours=1)), "horloge de la base de données", "3600 s d'écart"),
        (Database(figures=Figures(queued={"sms": LATE, "matrix": FRESH})), "file d'envoi",
         "sms depuis 25 min"),
        (Database(figures=Figures(journal={"signal": LATE})), "journal d'entrée",
         "signal depuis 25 min"),
    ],
)  # fmt: skip
async def test_each_thing_that_is_wrong_with_the_database_is_named(
    database: Database, what: str, seen: str
):
    findings = [f async for f in examine_database(database, lambda: NOON)]
    [finding] = [finding for finding in findings if not finding.ok]
    assert (finding.what, finding.seen) == (what, seen)
    assert finding.mend


async def test_a_database_that_is_in_order():
    waiting = Figures(queued={"sms": FRESH}, journal={"matrix": FRESH})
    findings = [f async for f in examine_database(Database(figures=waiting), lambda: NOON)]
    assert all(finding.ok for finding in findings)


def test_a_channel_that_is_down_says_what_to_do():
    parts = [Part("matrix", True, "ok"), Part("sms", False, "gateway_down", "Relancez Kannel.")]
    good, bad = examine_parts(parts)
    assert good.lines() == ["✓ canal matrix : répond"]
    assert bad.lines() == ["✗ canal sms : gateway_down", "    → Relancez Kannel."]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    for name in ("signing.key", "recovery.key"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def test_keys_that_are_closed_and_whole(folder: Path):
    assert all(finding.ok for finding in examine_keys(folder, ["signing.key"]))


def test_keys_that_others_can_read(folder: Path):
    (folder / "signing.key").chmod(0o640)
    closed, _ = examine_keys(folder, ["signing.key"])
    assert not closed.ok
    assert "signing.key" in closed.seen
    assert "chmod" in closed.mend


def test_a_folder_that_others_can_enter(folder: Path):
    folder.chmod(0o755)
    closed, _ = examine_keys(folder, ["signing.key"])
    assert not closed.ok


def test_a_recovery_key_that_is_not_there(folder: Path):
    (folder / "recovery.key").unlink()
    _, recovery = examine_keys(folder, ["signing.key"])
    assert not recovery.ok
    assert "sauvegarde" in recovery.mend
