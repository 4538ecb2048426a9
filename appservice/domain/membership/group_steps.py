"""Steps about the Signal groups of rooms; they never name a Signal account to people."""

from dataclasses import dataclass

from appservice.domain.membership.phases import InRoom, Phase


@dataclass(frozen=True, slots=True)
class _Grouping(InRoom):
    @property
    def phase(self) -> Phase:
        return Phase.GROUPS


@dataclass(frozen=True, slots=True)
class CreateGroup(_Grouping):
    """Makes the Signal group of a room."""

    description: str
    announcement: bool

    def describe(self) -> str:
        return f"Créer le groupe Signal « {self.label} »."


@dataclass(frozen=True, slots=True)
class AdoptGroup(_Grouping):
    """Writes down a group that we made just before a crash."""

    group: str

    def describe(self) -> str:
        return f"Reprendre le groupe Signal « {self.label} », déjà créé."


@dataclass(frozen=True, slots=True)
class ChangeGroup(_Grouping):
    """Puts right what was changed by hand; None leaves as it is."""

    group: str
    title: str | None = None
    description: str | None = None
    announcement: bool | None = None

    def describe(self) -> str:
        return f"Rétablir les réglages du groupe Signal « {self.label} »."


@dataclass(frozen=True, slots=True)
class RemoveFromGroup(InRoom):
    """Takes people (ACIs) out of a group."""

    group: str
    people: tuple[str, ...]

    @property
    def phase(self) -> Phase:
        return Phase.GROUP_REMOVALS

    def describe(self) -> str:
        return f"Retirer {_count(self.people)} du groupe Signal « {self.label} »."


@dataclass(frozen=True, slots=True)
class RefuseInGroup(InRoom):
    """Sends away people (ACIs) who asked by the link and have no right to it."""

    group: str
    people: tuple[str, ...]

    @property
    def phase(self) -> Phase:
        return Phase.GROUP_REMOVALS

    def describe(self) -> str:
        return f"Refuser {_count(self.people)} dans le groupe Signal « {self.label} »."


@dataclass(frozen=True, slots=True)
class ApproveInGroup(InRoom):
    """Lets in people (ACIs) who asked and belong there."""

    group: str
    people: tuple[str, ...]

    @property
    def phase(self) -> Phase:
        return Phase.GROUP_ADDITIONS

    def describe(self) -> str:
        return f"Accepter {_count(self.people)} dans le groupe Signal « {self.label} »."


@dataclass(frozen=True, slots=True)
class AddToGroup(InRoom):
    """Adds people (ACIs); `group` is None when the same plan makes the group."""

    group: str | None
    people: tuple[str, ...]

    @property
    def phase(self) -> Phase:
        return Phase.GROUP_ADDITIONS

    def describe(self) -> str:
        return f"Ajouter {_count(self.people)} au groupe Signal « {self.label} »."


def _count(people: tuple[str, ...]) -> str:
    # Plans are printed and logged: they never name a Signal account.
    return "une personne" if len(people) == 1 else f"{len(people)} personnes"
