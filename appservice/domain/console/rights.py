"""The rights matrix, as data: what each position may do. The console shows this very table."""

from collections.abc import Mapping
from enum import StrEnum

from appservice.domain.member import Role
from appservice.domain.room import Kind


class Position(StrEnum):
    """What somebody is to Maillage. Up to merchants, members: bound by their charter."""

    MAIRIE = "mairie"
    CHEF_DE_QUART = "chef_de_quart"
    GENDARME = "gendarme"
    NATIONAL_POLICE = "national_police"
    MUNICIPAL_POLICE = "municipal_police"
    ASVP = "asvp"
    MERCHANT = "merchant"
    PREFECTURE = "prefecture"
    ASSOCIATION = "association"
    AUDITOR = "auditor"
    OPERATOR = "operator"

    @property
    def french(self) -> str:
        """The position as people say it."""
        return _POSITIONS[self]

    @property
    def is_member(self) -> bool:
        """Held through the register: a right then needs a charter in force."""
        return self in _OF_ROLE.values()

    @property
    def may_sign_in(self) -> bool:
        """Whether the console is open to them; others take part from their phone alone."""
        return self not in (Position.MERCHANT, Position.ASVP)


class Right(StrEnum):
    """Something that a person does."""

    READ_RULES = "read_rules"
    USE_GUICHET = "use_guichet"
    REPORT = "report"
    TALK = "talk"
    ENROL = "enrol"
    READ_REGISTER = "read_register"
    REVOKE = "revoke"
    READ_REPORTS = "read_reports"
    SUBMIT_ALERT = "submit_alert"
    SEND_ALERT = "send_alert"
    READ_ALERTS = "read_alerts"
    APPROVE_ALERT = "approve_alert"
    RECEIVE_ALERTS = "receive_alerts"
    MARK_TRAINED = "mark_trained"
    READ_COUNTS = "read_counts"
    READ_PROTOCOL = "read_protocol"
    READ_AUDIT = "read_audit"
    OPEN_ACCOUNTS = "open_accounts"

    @property
    def french(self) -> str:
        """What the matrix calls it."""
        return _RIGHTS[self]


def position_of(role: Role) -> Position:
    """The position that a role of the register gives."""
    return _OF_ROLE[role]


_OF_ROLE: Mapping[Role, Position] = {
    Role.MAIRIE: Position.MAIRIE,
    Role.CHEF_DE_QUART: Position.CHEF_DE_QUART,
    Role.OPP: Position.CHEF_DE_QUART,
    Role.GENDARME: Position.GENDARME,
    Role.NATIONAL_POLICE: Position.NATIONAL_POLICE,
    Role.MUNICIPAL_POLICE: Position.MUNICIPAL_POLICE,
    Role.ASVP: Position.ASVP,
    Role.MERCHANT: Position.MERCHANT,
}

_FORCES = frozenset(
    {
        Position.CHEF_DE_QUART,
        Position.GENDARME,
        Position.NATIONAL_POLICE,
        Position.MUNICIPAL_POLICE,
    }
)
_MAIRIE = frozenset({Position.MAIRIE})
_WITNESSES = frozenset({Position.MERCHANT, Position.ASVP})

HOLDERS: Mapping[Right, frozenset[Position]] = {
    Right.READ_RULES: frozenset(Position),
    Right.USE_GUICHET: _FORCES | _MAIRIE | _WITNESSES,
    Right.REPORT: _WITNESSES | _MAIRIE,
    Right.TALK: _FORCES | {Position.MERCHANT},
    Right.ENROL: _MAIRIE,
    Right.READ_REGISTER: _MAIRIE,
    Right.REVOKE: _MAIRIE,
    Right.READ_REPORTS: _FORCES,
    Right.SUBMIT_ALERT: _FORCES | _MAIRIE,
    Right.SEND_ALERT: frozenset({Position.CHEF_DE_QUART}),
    Right.READ_ALERTS: _FORCES,
    Right.APPROVE_ALERT: _FORCES,
    Right.RECEIVE_ALERTS: _FORCES | _WITNESSES,
    Right.MARK_TRAINED: _MAIRIE | {Position.ASSOCIATION},
    Right.READ_COUNTS: frozenset(Position) - _WITNESSES,
    Right.READ_PROTOCOL: frozenset(Position) - _WITNESSES - {Position.ASSOCIATION},
    Right.READ_AUDIT: frozenset({Position.AUDITOR}),
    Right.OPEN_ACCOUNTS: frozenset({Position.OPERATOR}),
}
"""Nobody else has the right; a right without a holder is nobody's."""

SEATS: Mapping[Kind, Right] = {
    Kind.SPACE: Right.USE_GUICHET,
    Kind.GUICHET: Right.USE_GUICHET,
    Kind.ALERTES: Right.RECEIVE_ALERTS,
    Kind.ECHANGES: Right.TALK,
    Kind.POSTE: Right.READ_REPORTS,
}
"""What it takes to sit in a room of each kind; where one sits is for `domain.membership`."""


def may_sit(role: Role, kind: Kind) -> bool:
    """Whether rooms of that kind are for that role."""
    return position_of(role) in HOLDERS[SEATS[kind]]


_POSITIONS: Mapping[Position, str] = {
    Position.MAIRIE: "Mairie",
    Position.CHEF_DE_QUART: "Chef de quart",
    Position.GENDARME: "Gendarmerie",
    Position.NATIONAL_POLICE: "Police nationale",
    Position.MUNICIPAL_POLICE: "Police municipale",
    Position.ASVP: "ASVP",
    Position.MERCHANT: "Commerçant",
    Position.PREFECTURE: "Préfecture",
    Position.ASSOCIATION: "CCI, association",
    Position.AUDITOR: "Auditeur",
    Position.OPERATOR: "Exploitant",
}
_RIGHTS: Mapping[Right, str] = {
    Right.READ_RULES: "Lire les règles et les chartes",
    Right.USE_GUICHET: "Avoir un fil privé avec le service",
    Right.REPORT: "Signaler un fait aux agents",
    Right.TALK: "Lire et écrire dans les échanges",
    Right.ENROL: "Inscrire des participants",
    Right.READ_REGISTER: "Voir la liste des participants",
    Right.REVOKE: "Retirer ou réadmettre un participant",
    Right.READ_REPORTS: "Lire et traiter les signalements",
    Right.SUBMIT_ALERT: "Proposer une alerte",
    Right.SEND_ALERT: "Diffuser une alerte depuis la console",
    Right.READ_ALERTS: "Lire les alertes, suivre leur diffusion",
    Right.APPROVE_ALERT: "Valider l'alerte d'un autre",
    Right.RECEIVE_ALERTS: "Recevoir les alertes",
    Right.MARK_TRAINED: "Noter qui a suivi la formation",
    Right.READ_COUNTS: "Voir les chiffres, sans aucun nom",
    Right.READ_PROTOCOL: "Lire le protocole en vigueur",
    Right.READ_AUDIT: "Lire le journal des actes, sans contenu",
    Right.OPEN_ACCOUNTS: "Ouvrir un compte de la console",
}
