"""What officers read in a test phase: who would have received."""

from collections.abc import Sequence

from appservice.domain.member import Channel, Member
from appservice.domain.territory import Territory
from appservice.domain.wording.common import plural

_FEW = 20


def test_phase(territory: Territory, withheld: Sequence[Member]) -> str:
    """Behind the line that says where an alert left for; empty outside a test."""
    if territory.test_list is None:
        return ""
    if not withheld:
        return " Phase d'essai : toute l'audience est sur la liste d'essai."
    named = sorted(f"{one.attribution} ({_channels(one)})" for one in withheld)
    more = f", et {len(named) - _FEW} autres" if len(named) > _FEW else ""
    return (
        f" Phase d'essai : hors de la liste d'essai, {plural(len(named), 'personne')} "
        f"n'ont rien reçu et l'auraient reçue : {', '.join(named[:_FEW])}{more}."
    )


def _channels(member: Member) -> str:
    return ", ".join(c.label for c in Channel if c in member.channels and member.address(c))
