"""What is said of a territory whose legal checklist is incomplete."""

from appservice.domain.territory import Territory


def closed(territory: Territory) -> str:
    """Why nothing is made there, and what is missing where."""
    lines = "\n".join(f"  {gap}" for gap in territory.gaps)
    return (
        f"{territory.name} : la liste légale est incomplète, rien n'y est créé et personne n'y "
        f"est invité.\n{lines}"
    )
