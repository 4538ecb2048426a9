"""What `maillage doctor` asks of a live installation, and how each thing is mended, in French."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from appservice.domain.errors import MaillageError
from appservice.domain.figures import Backlog
from appservice.flows.ports import Clock, Probe, Watched
from appservice.operations.readiness import Part

SKEW = timedelta(seconds=10)
SLOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was seen, and what to do when it isn't well."""

    what: str
    ok: bool
    seen: str
    mend: str = ""

    def lines(self) -> list[str]:
        """As a person reads it."""
        first = f"{'✓' if self.ok else '✗'} {self.what} : {self.seen}"
        return [first] if self.ok or not self.mend else [first, f"    → {self.mend}"]


async def examine_homeserver(probe: Probe, service: str, now: Clock) -> AsyncIterator[Finding]:
    """Whether it answers, knows us, reaches us, agrees on the time and keeps strangers out."""
    what = "serveur Matrix"
    try:
        version, date = await probe.version()
    except MaillageError as failure:
        yield Finding(
            what, False, failure.message,
            "Démarrez-le, et vérifiez « homeserver.url » dans maillage.yaml.",
        )  # fmt: skip
        return
    yield Finding(what, True, version)
    yield _clock("horloge du serveur Matrix", date, now())
    known = await _attempt(
        "jeton du service", lambda: _known(probe, service),
        "Donnez le même fichier d'enregistrement au service et au serveur Matrix, puis "
        "redémarrez le serveur Matrix.",
    )  # fmt: skip
    yield known
    if not known.ok:
        return
    yield await _attempt(
        "serveur Matrix → service", lambda: _pinged(probe),
        "Dans l'enregistrement, « url » doit mener à l'adresse « listen » du service, et "
        "« hs_token » être celui que le serveur Matrix a lu : corrigez, puis redémarrez-le.",
    )  # fmt: skip
    async for finding in _examine_gate(probe):
        yield finding


async def examine_database(watched: Watched, now: Clock) -> AsyncIterator[Finding]:
    """Its clock, and what waits in it for too long."""
    try:
        date = await watched.now()
        figures = await watched.read(())
    except MaillageError as failure:
        yield Finding("base de données", False, failure.message, "Redémarrez PostgreSQL.")
        return
    yield Finding("base de données", True, "à jour, toutes les migrations sont appliquées")
    yield _clock("horloge de la base de données", date, now())
    yield _queue(
        "file d'envoi", figures.queued, now(),
        "Voyez plus bas le canal en cause ; le service doit tourner. Un texte trop vieux expire "
        "de lui-même, rien n'est envoyé deux fois.",
    )  # fmt: skip
    yield _queue(
        "journal d'entrée", figures.journal, now(),
        "Le service doit tourner ; sinon voyez son journal : une entrée qui échoue y est nommée.",
    )  # fmt: skip


def examine_parts(parts: Collection[Part]) -> Sequence[Finding]:
    """The channels, as the service or we ourselves see them."""
    return [
        Finding(
            f"canal {part.name}",
            part.ok,
            "répond" if part.ok else part.code,
            part.advice or "Redémarrez ce qui le sert, et voyez son journal.",
        )
        for part in parts
    ]


def examine_keys(folder: Path, secret: Sequence[str]) -> Sequence[Finding]:
    """Who else can read the keys, and whether the bot's identity could be restored."""
    paths = [folder, *(folder / name for name in secret)]
    open_to_others = [path.name for path in paths if path.exists() and _mode(path) & 0o077]
    findings = [
        Finding(
            "dossier des clés",
            not open_to_others,
            f"lisible par d'autres : {', '.join(open_to_others)}" if open_to_others else "fermé",
            f"chmod 700 {folder} ; chmod 600 {folder}/*",
        )
    ]
    recovery = folder / "recovery.key"
    findings.append(
        Finding(
            "clé de récupération",
            recovery.is_file(),
            "présente" if recovery.is_file() else "absente",
            f"Le service écrit {recovery} à son premier démarrage. Si elle y était, restaurez-la "
            "de la sauvegarde des clés : sans elle, l'identité du service ne se retrouve pas.",
        )
    )
    return findings


async def _examine_gate(probe: Probe) -> AsyncIterator[Finding]:
    what = "barrière de charte"
    try:
        trial = await probe.try_gate()
    except MaillageError as failure:
        yield Finding(what, False, failure.message, "Relancez « maillage doctor ».")
        return
    install = (
        "Ajoutez charter_gate.CharterGate à « modules » dans homeserver.yaml, avec "
        "charter_gate.py sur PYTHONPATH, puis redémarrez le serveur Matrix (et chaque worker)."
    )
    held = trial.refuses_strangers_room and (trial.refuses_bare_invite or not trial.knows_bot)
    seen = "refuse une invitation sans preuve et un faux salon"
    yield Finding(what, held, seen if held else "laisse entrer sans charte", install)
    if not held:
        return
    yield Finding(
        "compte du service à la barrière",
        trial.knows_bot,
        "reconnu" if trial.knows_bot else "inconnu",
        "« bot », dans les réglages du module, doit être le compte du service.",
    )
    if trial.knows_bot:
        yield Finding(
            "clé publique à la barrière",
            trial.accepts_our_proof,
            "la nôtre" if trial.accepts_our_proof else "une autre que la nôtre",
            "Mettez la sortie de « maillage public-key » dans « public_keys », puis redémarrez le "
            "serveur Matrix.",
        )


async def _attempt(what: str, attempt: Callable[[], Awaitable[str]], mend: str) -> Finding:
    try:
        problem = await attempt()
    except MaillageError as failure:
        problem = failure.message
    return Finding(what, not problem, problem or "accepté", mend)


async def _known(probe: Probe, service: str) -> str:
    name = await probe.whoami()
    return "" if name == service else f"le serveur y voit {name}"


async def _pinged(probe: Probe) -> str:
    await probe.ping()
    return ""


def _clock(what: str, other: datetime | None, ours: datetime) -> Finding:
    mend = "Réglez l'heure des deux machines par NTP (chrony, systemd-timesyncd)."
    if other is None:
        return Finding(what, False, "ne dit pas l'heure", mend)
    apart = abs(other - ours)
    return Finding(what, apart <= SKEW, f"{apart.total_seconds():.0f} s d'écart", mend)


def _queue(what: str, backlogs: Mapping[str, Backlog], now: datetime, mend: str) -> Finding:
    late = {name: now - b.oldest for name, b in backlogs.items() if now - b.oldest > SLOW}
    if not late:
        return Finding(what, True, "rien n'y attend trop longtemps")
    ages = {name: f"{age.total_seconds() / 60:.0f} min" for name, age in late.items()}
    seen = ", ".join(f"{name} depuis {age}" for name, age in ages.items())
    return Finding(what, False, seen, mend)


def _mode(path: Path) -> int:
    return path.stat().st_mode
