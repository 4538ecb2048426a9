"""Steps that make rooms, put their settings right and hang them in spaces."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from appservice.domain.ids import RoomId
from appservice.domain.membership.phases import InRoom, Phase
from appservice.domain.room import DesiredRoom, Kind, RoomKey


@dataclass(frozen=True, slots=True)
class CreateRoom:
    """Makes a room or a space, or adopts the one that holds its alias."""

    room: DesiredRoom

    @property
    def key(self) -> RoomKey:
        return self.room.key

    @property
    def phase(self) -> Phase:
        # What hangs in a space is made after it, and names it from the start.
        if self.room.key.kind is not Kind.SPACE:
            return Phase.ROOMS
        return Phase.SPACES if self.room.parent is not None else Phase.ROOTS

    def describe(self) -> str:
        what = "l'espace" if self.room.key.kind is Kind.SPACE else "la salle"
        return f"Créer {what} « {self.room.name} »."


@dataclass(frozen=True, slots=True)
class Setting(InRoom, ABC):
    """One state event, with an empty state key, to write in a room."""

    @property
    def phase(self) -> Phase:
        return Phase.SETTINGS

    @property
    @abstractmethod
    def event(self) -> tuple[str, Mapping[str, object]]:
        """Its type and content (Matrix spec, Room events)."""


@dataclass(frozen=True, slots=True)
class SetName(Setting):
    """The room was renamed by hand, or its template changed."""

    former: str

    @property
    def event(self) -> tuple[str, Mapping[str, object]]:
        return "m.room.name", {"name": self.label}

    def describe(self) -> str:
        return f"Renommer « {self.former} » en « {self.label} »."


@dataclass(frozen=True, slots=True)
class SetTopic(Setting):
    """The topic is where everybody reads that we replace neither 17 nor 112."""

    topic: str

    @property
    def event(self) -> tuple[str, Mapping[str, object]]:
        return "m.room.topic", {"topic": self.topic}

    def describe(self) -> str:
        return f"Rétablir le sujet de « {self.label} »."


@dataclass(frozen=True, slots=True)
class SetPowerLevels(Setting):
    """Who may do what."""

    content: Mapping[str, object]

    @property
    def event(self) -> tuple[str, Mapping[str, object]]:
        return "m.room.power_levels", self.content

    def describe(self) -> str:
        return f"Rétablir les droits de « {self.label} »."


@dataclass(frozen=True, slots=True)
class SetJoinRules(Setting):
    """On invitation only, whatever somebody chose by hand."""

    @property
    def event(self) -> tuple[str, Mapping[str, object]]:
        return "m.room.join_rules", {"join_rule": "invite"}

    def describe(self) -> str:
        return f"Rendre « {self.label} » accessible sur invitation seulement."


@dataclass(frozen=True, slots=True)
class SetHistory(Setting):
    """Each reads from their own join on."""

    @property
    def event(self) -> tuple[str, Mapping[str, object]]:
        return "m.room.history_visibility", {"history_visibility": "joined"}

    def describe(self) -> str:
        return f"Limiter l'historique de « {self.label} » à ce qui suit l'arrivée de chacun."


@dataclass(frozen=True, slots=True)
class SetGuestAccess(Setting):
    """No guests."""

    @property
    def event(self) -> tuple[str, Mapping[str, object]]:
        return "m.room.guest_access", {"guest_access": "forbidden"}

    def describe(self) -> str:
        return f"Fermer « {self.label} » aux comptes invités du serveur."


@dataclass(frozen=True, slots=True)
class SetEncryption(Setting):
    """Encryption can be turned on, never off."""

    @property
    def event(self) -> tuple[str, Mapping[str, object]]:
        return "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}

    def describe(self) -> str:
        return f"Chiffrer « {self.label} »."


@dataclass(frozen=True, slots=True)
class _Linking(InRoom):
    @property
    def phase(self) -> Phase:
        return Phase.LINKS


@dataclass(frozen=True, slots=True)
class LinkChild(_Linking):
    """Hangs the room `key` in its space, on both sides."""

    parent: RoomKey

    def describe(self) -> str:
        return f"Ranger « {self.label} » dans son espace."


@dataclass(frozen=True, slots=True)
class Unlink(_Linking):
    """Takes a room that does not belong there out of the space `key`."""

    child: RoomId

    def describe(self) -> str:
        return f"Retirer une salle ({self.child}) de l'espace « {self.label} »."


@dataclass(frozen=True, slots=True)
class ForgetParent(_Linking):
    """The room `key` says that it hangs in a space where it does not."""

    parent: RoomId

    def describe(self) -> str:
        return f"Détacher « {self.label} » d'un espace ({self.parent}) qui n'est pas le sien."
