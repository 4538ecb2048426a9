"""What people are told when the protocol changes."""

from collections.abc import Sequence

from appservice.domain.protocol.version import Version
from appservice.domain.territory import Territory

_FEW = 12


def announced(version: Version, changes: Sequence[str], territory: Territory) -> str:
    """In rooms of that territory."""
    begins = f"Le protocole change : version {version.reference}."
    if version.back_to is not None:
        begins = (
            f"Le protocole revient à la version P{version.back_to} ; "
            f"c'est désormais la version {version.reference}."
        )
    lines = [f"• {change}" for change in changes[:_FEW]]
    if len(changes) > _FEW:
        lines.append(f"• et {len(changes) - _FEW} autres changements.")
    contact = f" Contact : {territory.contact}." if territory.contact else ""
    end = "Ce qui a déjà été jugé garde sa version. « règles » : ce qui juge aujourd'hui."
    return "\n".join([begins, *lines, f"{end}{contact}"])


def judged_under(version: Version | None) -> str:
    """Behind the state of an alert."""
    return "" if version is None else f"\nJugée selon le protocole {version.reference}."
