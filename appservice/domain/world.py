"""What the flows know before anybody writes: territories, charters, rules, templates, settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from appservice.domain.alert import Alert
from appservice.domain.charter import Charter, InForce, NotInForce, Signature, standing
from appservice.domain.circulation import Circulation
from appservice.domain.ids import TradeId
from appservice.domain.member import Listed, Member
from appservice.domain.moderation import Policy
from appservice.domain.room import Kind, Public, Template
from appservice.domain.territory import Territory
from appservice.domain.wording.common import Explained
from appservice.domain.wording.senders import ORDERS


@dataclass(frozen=True, slots=True)
class Settings:
    """How long things last; each can be changed by the operator."""

    sms_expires_after: timedelta = timedelta(minutes=30)
    photo_follows_within: timedelta = timedelta(minutes=15)
    photo_kept: timedelta = timedelta(hours=72)
    same_event_within: timedelta = timedelta(minutes=10)  # 0: each report has a card of its own
    thread_lasts: timedelta = timedelta(hours=2)  # an answer to officers finds its report
    stranger_every: timedelta = timedelta(days=7)  # one answer each
    strangers_an_hour: int = 60  # all of them together
    gsm7_only: bool = False  # the gateway gives up accents, whatever a territory says
    quiet_hours: bool = True  # False: texts leave at any hour, in every territory
    signal_fallback_after: timedelta = timedelta(minutes=2)
    suspended: bool = False  # safe mode: no alert is published


@dataclass(frozen=True, slots=True)
class Retention:
    """After how long each thing goes; photos have an end of their own (`Settings.photo_kept`)."""

    signalements: timedelta = timedelta(days=30)  # since they were closed
    signalements_ouverts: timedelta = timedelta(days=90)  # since they came
    alertes: timedelta = timedelta(days=60)  # since they were submitted
    envois: timedelta = timedelta(days=60)  # parcels, receipts, links, ids, journal
    actes: timedelta = timedelta(days=365)  # then only their commitment is left
    membres: timedelta = timedelta(days=1826)  # since their last charter ended


@dataclass(frozen=True, slots=True)
class World:
    """Read from files once; a new version of the files is a new World."""

    territories: Mapping[str, Territory]
    charters: Mapping[str, Charter]  # by id
    policy: Policy
    circulation: Circulation = field(default_factory=Circulation)
    templates: Mapping[Kind, Template] = field(default_factory=dict)
    publics: Mapping[TradeId, Public] = field(default_factory=dict)
    settings: Settings = Settings()
    retention: Retention = field(default_factory=Retention)

    @property
    def explained(self) -> Mapping[str, Explained]:
        """Whatever may keep an alert from leaving, as people are told it."""
        return {**self.policy.rules, **ORDERS}

    def territory_of(self, member: Member | Listed) -> Territory | None:
        """The member's territory, unless the files no longer hold it."""
        return self.territories.get(member.territory)

    def gsm7_only(self, alert: Alert) -> bool:
        """Whether accents give way to the price of one SMS, in the territory of that alert."""
        territory = self.territories.get(alert.territory)
        return self.settings.gsm7_only or territory is None or territory.texts.gsm7_only

    def quiet_until(self, territory: Territory | None, now: datetime) -> datetime | None:
        """Until when a text there waits, unless it is urgent; None outside quiet hours."""
        quiet = territory.texts.quiet if territory is not None else None
        if quiet is None or not self.settings.quiet_hours:
            return None
        return quiet.until(now)

    def charter_for(self, member: Member | Listed) -> Charter | None:
        """The charter that the member must have signed, in its version in force."""
        territory = self.territory_of(member)
        if territory is None:
            return None
        public = self.public_of(member)
        chosen = public.charter if public else territory.charters.get(member.role.kind, "")
        return self.charters.get(chosen)

    def public_of(self, member: Member | Listed) -> Public | None:
        """As whom they take part, when not as a merchant or an agent: by their home trade."""
        return self.publics.get(member.home_trade) if member.home_trade is not None else None

    def called(self, member: Member) -> str:
        """What people call somebody like them."""
        public = self.public_of(member)
        return public.member if public is not None else member.role.french

    def texts_in_force(self, now: datetime) -> frozenset[str]:
        """Hashes of every text that a signature may be of."""
        return frozenset[str]().union(*(c.texts(now) for c in self.charters.values()))

    def standing(
        self, member: Member | Listed, signature: Signature | None, now: datetime
    ) -> InForce | NotInForce:
        """Whether the member may take part; without a charter to sign, nobody may."""
        charter = self.charter_for(member)
        if charter is None:
            return NotInForce("never-signed")
        return standing(signature, charter, now)
