"""Members: merchants and agents, and the channels on which they are reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from appservice.domain.charter import Signature
from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.territory import Territory, Zone


class Role(StrEnum):
    """What somebody is in the register."""

    MERCHANT = "merchant"
    MUNICIPAL_POLICE = "municipal_police"
    NATIONAL_POLICE = "national_police"
    GENDARME = "gendarme"
    ASVP = "asvp"
    CHEF_DE_QUART = "chef_de_quart"
    OPP = "opp"
    MAIRIE = "mairie"

    @property
    def is_officer(self) -> bool:
        """Agents of the forces of order: they read reports and may submit alerts."""
        return self in _OFFICERS

    @property
    def is_witness(self) -> bool:
        """Whose words to the service are a report unless they are a command."""
        return self in (Role.MERCHANT, Role.ASVP)

    @property
    def may_submit_alert(self) -> bool:
        """Officers, and the mairie (whose facts need an attestation, see the moderation rules)."""
        return not self.is_witness

    @property
    def voice(self) -> str:
        """Who speaks, to the moderation rules: both national forces alike, ASVP as witnesses."""
        return {Role.NATIONAL_POLICE: "gendarme", Role.ASVP: "merchant"}.get(self, self.value)

    @property
    def is_chief(self) -> bool:
        """Who sends alerts where a territory leaves that to a chef de quart (CORG's orders)."""
        return self in (Role.CHEF_DE_QUART, Role.OPP)

    @property
    def may_approve(self) -> bool:
        """A second person who may let a held alert through."""
        return self in _OFFICERS

    @property
    def kind(self) -> str:
        """Which charter the member signs: `merchant` or `agent`."""
        return "merchant" if self is Role.MERCHANT else "agent"

    @property
    def french(self) -> str:
        """The role as people say it."""
        return _FRENCH[self]


_OFFICERS = frozenset(
    {
        Role.MUNICIPAL_POLICE,
        Role.NATIONAL_POLICE,
        Role.GENDARME,
        Role.CHEF_DE_QUART,
        Role.OPP,
    }
)
_FRENCH: Mapping[Role, str] = {
    Role.MERCHANT: "commerçant",
    Role.MUNICIPAL_POLICE: "police municipale",
    Role.NATIONAL_POLICE: "police nationale",
    Role.GENDARME: "gendarmerie",
    Role.ASVP: "ASVP",
    Role.CHEF_DE_QUART: "chef de quart",
    Role.OPP: "OPP",
    Role.MAIRIE: "mairie",
}


class Channel(StrEnum):
    """How a member is reached."""

    MATRIX = "matrix"
    SIGNAL = "signal"
    SMS = "sms"

    @property
    def label(self) -> str:
        """The channel as people know it."""
        return {"matrix": "Element", "signal": "Signal", "sms": "SMS"}[self.value]


NOWHERE = Insee("")


@dataclass(frozen=True, slots=True)
class Member:
    """A person enrolled by the mairie. Personal fields are sealed at rest."""

    id: MemberId
    role: Role
    name: str
    territory: str
    shop: str = ""
    trades: tuple[TradeId, ...] = ()  # the first one is the home trade
    commune: Insee = NOWHERE  # a merchant's shop
    zones: tuple[Zone, ...] = ()  # an agent's land
    channels: frozenset[Channel] = field(default_factory=frozenset)
    mxid: UserId | None = None
    phone: str | None = None  # E.164
    signal: str | None = None  # ACI (uuid), the only stable name of a Signal account
    language: str = "fr"
    siret: str = ""  # of a merchant's shop, fourteen digits
    sms_fallback: bool = False  # agreed to an SMS when Signal can't bring an alert in time
    trained: date | None = None  # when a merchant followed the training, as the mairie or CCI says

    @property
    def home_trade(self) -> TradeId | None:
        """The trade whose `alertes` room the member sits in: one room, so one copy of an alert."""
        return self.trades[0] if self.trades else None

    @property
    def attribution(self) -> str:
        """How others read who spoke: role and place, never a phone number."""
        if self.role is Role.MERCHANT:
            return self.shop or "Commerçant"
        return f"{self.name} ({self.role.french})"

    @property
    def told_by_sms(self) -> bool:
        """Whether an alert may reach them by SMS, always or when Signal fails."""
        return self.phone is not None and (Channel.SMS in self.channels or self.sms_fallback)

    def address(self, channel: Channel) -> str | None:
        """Where the member is found on that channel, if anywhere."""
        match channel:
            case Channel.MATRIX:
                return self.mxid
            case Channel.SIGNAL:
                return self.signal
            case Channel.SMS:
                return self.phone


def is_reached(member: Member, territory: Territory) -> bool:
    """Whether anything may go to them: in a test phase, only if one of their addresses is listed.

    Whoever is listed by one address is listed: they are one person.
    """
    if territory.test_list is None:
        return True
    return not territory.test_list.isdisjoint(
        address for channel in Channel if (address := member.address(channel)) is not None
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """A member as the roll shows them: enough to know who may take part, and nothing sealed."""

    id: MemberId
    role: Role
    territory: str
    trades: tuple[TradeId, ...] = ()
    commune: Insee = NOWHERE
    channels: frozenset[Channel] = frozenset()  # those they chose and have an address on
    signature: Signature | None = None

    @property
    def home_trade(self) -> TradeId | None:
        """See `Member.home_trade`."""
        return self.trades[0] if self.trades else None


def listed(member: Member, signature: Signature | None = None) -> Listed:
    """The line of the roll about that member."""
    return Listed(
        member.id,
        member.role,
        member.territory,
        member.trades,
        member.commune,
        frozenset(c for c in member.channels if member.address(c) is not None),
        signature,
    )
