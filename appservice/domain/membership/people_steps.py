"""Steps that let people in, keep their proofs in force, or take them out."""

from collections.abc import Mapping
from dataclasses import dataclass

from appservice.domain.ids import UserId
from appservice.domain.membership.phases import InRoom, Phase

REASONS: Mapping[str, str] = {
    "never-signed": "la charte n'a pas été signée",
    "outdated": "une nouvelle version de la charte doit être signée",
    "expired": "la signature de la charte est arrivée à échéance",
    "revoked": "participation retirée par la mairie",
    "stranger": "cette personne n'est pas inscrite",
    "elsewhere": "cette personne n'a pas, ou n'a plus, sa place dans cette salle",
}
"""Why somebody is removed, by code; people read it as « Motif : … »."""


@dataclass(frozen=True, slots=True)
class Remove(InRoom):
    """Takes somebody out; `reason` is a code of REASONS."""

    user: UserId
    reason: str

    @property
    def phase(self) -> Phase:
        return Phase.REMOVALS

    def describe(self) -> str:
        return f"Retirer {self.user} de « {self.label} » : {REASONS[self.reason]}."


@dataclass(frozen=True, slots=True)
class RenewProof(InRoom):
    """Writes a new proof for somebody who has an older one, or none; `until` in seconds."""

    user: UserId
    until: int
    version: str

    @property
    def phase(self) -> Phase:
        return Phase.PROOFS

    def describe(self) -> str:
        return f"Renouveler la preuve de charte de {self.user} dans « {self.label} »."


@dataclass(frozen=True, slots=True)
class Invite(InRoom):
    """Invites with a proof; `until` in seconds."""

    user: UserId
    until: int
    version: str

    @property
    def phase(self) -> Phase:
        return Phase.INVITATIONS

    def describe(self) -> str:
        return f"Inviter {self.user} dans « {self.label} »."


@dataclass(frozen=True, slots=True)
class PinWelcome(InRoom):
    """Posts and pins the welcome, so that those who came since the last one can read it."""

    text: str

    @property
    def phase(self) -> Phase:
        return Phase.WELCOMES

    def describe(self) -> str:
        return f"Épingler le message d'accueil dans « {self.label} »."
