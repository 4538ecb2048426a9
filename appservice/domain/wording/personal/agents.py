"""What the poste is told of agents who come, or whose function changes."""

from appservice.domain.member import Member
from appservice.domain.territory import Territory


def enrolled(member: Member, territory: Territory, by: str) -> str:
    """Before they have signed: whoever knows better may still say so."""
    return (
        f"{_who(member, territory)} : inscription par la mairie ({by}). La charte d'agent "
        "signée, cette personne lira le poste. Si ce n'est pas un agent, dites-le à la mairie "
        "et à l'exploitant."
    )


def changed(member: Member, territory: Territory, by: str) -> str:
    """Another function, or another land."""
    return f"{_who(member, territory)} : fonction ou zone modifiée par la mairie ({by})."


def _who(member: Member, territory: Territory) -> str:
    zones = ", ".join(territory.zone_name(zone) for zone in member.zones)
    return f"{member.name} ({member.role.french}, {zones})"
