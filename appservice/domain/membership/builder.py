"""Builds the rooms of one territory: seats people first, then makes each room once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from appservice.domain.console.rights import may_sit
from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role, is_reached
from appservice.domain.membership.land import Land, Plot, guichet_alias, guichet_key, room_alias
from appservice.domain.membership.powers import power_levels
from appservice.domain.room import DesiredRoom, Kind, Public, RoomKey, Template
from appservice.domain.territory import Level, Territory, Zone


@dataclass(slots=True)
class _Crowd:
    """People who sit together, on each channel."""

    people: dict[UserId, int] = field(default_factory=dict)
    members: set[MemberId] = field(default_factory=set)
    signal: set[str] = field(default_factory=set)

    def add(self, member: Member, until: int) -> None:
        if Channel.MATRIX in member.channels and member.mxid is not None:
            self.people[member.mxid] = until
            self.members.add(member.id)
        if Channel.SIGNAL in member.channels and member.signal is not None:
            self.signal.add(member.signal)

    def together_with(self, others: "_Crowd") -> "_Crowd":
        """Both; most rooms have only one sort of people, and share what is made for them."""
        if not (self.people or self.signal):
            return others
        if not (others.people or others.signal):
            return self
        return _Crowd(
            {**self.people, **others.people},
            self.members | others.members,
            self.signal | others.signal,
        )


_NOBODY = _Crowd()
TEST_PHASE = "Phase d'essai : rien ne sort de la liste d'essai. "


class Builder:
    """The rooms of one territory. Linear: each member is seated once, each room made once."""

    def __init__(
        self,
        territory: Territory,
        templates: Mapping[Kind, Template],
        publics: Mapping[TradeId, Public] | None = None,
    ) -> None:
        self._publics = publics or {}
        self._land = Land(territory)
        self._territory = territory
        self._templates = templates
        self._merchants: dict[tuple[Kind, TradeId, Zone], _Crowd] = {}
        self._officers: dict[Zone, _Crowd] = {}
        self._watchers: dict[Zone, _Crowd] = {}
        self._spaces: dict[Zone, _Crowd] = {}
        self._guichets: list[DesiredRoom] = []
        self._guichet_texts = _Texts(templates[Kind.GUICHET], territory)
        self._power_levels: dict[tuple[Kind, tuple[UserId, ...]], Mapping[str, object]] = {}

    def seat(self, member: Member, until: int) -> None:
        """Gives a member whose charter is in force, until then, every seat they are due."""
        if not is_reached(member, self._territory):
            return
        communes = self._land.communes_of(member)
        self._seat_in_spaces(member, until, communes)
        if member.role is Role.MERCHANT:
            self._seat_merchant(member, until)
        elif may_sit(member.role, Kind.POSTE):
            self._seat_over(self._officers, member, until, communes)
        elif may_sit(member.role, Kind.ALERTES):
            self._seat_over(self._watchers, member, until, communes)
        guichet = self.guichet(member, until)
        if guichet is not None:
            self._guichets.append(guichet)

    def guichet(self, member: Member, until: int) -> DesiredRoom | None:
        """The room of one member and the service; none for whoever is not on Matrix."""
        own = _Crowd()
        own.add(member, until)
        if not own.people or not is_reached(member, self._territory):
            return None
        texts = self._guichet_texts
        return texts.room(
            guichet_key(member),
            guichet_alias(member.id),
            self._territory.name,
            None,
            own,
            self._powers(texts, ()),
        )

    def rooms(self) -> Iterator[DesiredRoom]:
        """Spaces first, then what hangs in them, then guichets."""
        yield from self._made_spaces()
        for kind in (Kind.ALERTES, Kind.ECHANGES):
            for trade in self._territory.trades.values():
                texts = _Texts(self._template(kind, trade.id), self._territory, trade.name)
                for zone, plot in self._land.plots(trade.level).items():
                    key = RoomKey(kind, zone, self._territory.id, trade.id)
                    merchants = self._merchants.get((kind, trade.id, zone), _NOBODY)
                    yield self._room(key, texts, merchants, plot)
        texts = _Texts(self._templates[Kind.POSTE], self._territory)
        for zone, plot in self._land.plots(self._territory.poste_level).items():
            key = RoomKey(Kind.POSTE, zone, self._territory.id)
            yield self._room(key, texts, _NOBODY, plot)
        yield from self._guichets

    def _template(self, kind: Kind, trade: TradeId) -> Template:
        """In the words of that trade's public, where it has its own."""
        template, public = self._templates[kind], self._publics.get(trade)
        words = public.words.get(kind) if public is not None else None
        if words is None:
            return template
        return replace(template, name=words.name, topic=words.topic, welcome=words.welcome)

    def _seat_merchant(self, member: Member, until: int) -> None:
        if member.commune not in self._territory.communes:
            return
        for trade_id in dict.fromkeys(member.trades):
            trade = self._territory.trades.get(trade_id)
            if trade is None:
                continue
            zone = self._land.zones(trade.level)[member.commune]
            # One `alertes` room a person, so that an alert rings once.
            kinds = [Kind.ECHANGES]
            if trade_id == member.home_trade:
                kinds.append(Kind.ALERTES)
            for kind in kinds:
                crowd = self._merchants.setdefault((kind, trade_id, zone), _Crowd())
                crowd.add(member, until)

    def _seat_over(
        self, crowds: dict[Zone, _Crowd], member: Member, until: int, communes: Iterable[Insee]
    ) -> None:
        """Over the whole of an agent's land, however wide rooms are."""
        for level in self._land.levels:
            zones = self._land.zones(level)
            for zone in dict.fromkeys(zones[insee] for insee in communes):
                crowds.setdefault(zone, _Crowd()).add(member, until)

    def _seat_in_spaces(self, member: Member, until: int, communes: Iterable[Insee]) -> None:
        zones = [self._land.root.zone]
        if self._land.has_commune_spaces:
            by_commune = self._land.zones(Level.COMMUNE)
            zones += [by_commune[insee] for insee in communes]
        for zone in zones:
            self._spaces.setdefault(zone, _Crowd()).add(member, until)

    def _made_spaces(self) -> Iterator[DesiredRoom]:
        texts = _Texts(self._templates[Kind.SPACE], self._territory)
        powers = self._powers(texts, ())
        plots: list[tuple[RoomKey, RoomKey | None, Plot]] = [
            (self._land.root, None, self._land.root_plot())
        ]
        if self._land.has_commune_spaces:
            communes = self._land.plots(Level.COMMUNE).values()
            plots += [(plot.parent, self._land.root, plot) for plot in communes]
        for key, parent, plot in plots:
            crowd = self._spaces.get(key.zone, _NOBODY)
            alias = room_alias(Kind.SPACE, None, plot)
            yield texts.room(key, alias, plot.name, parent, crowd, powers)

    def _room(self, key: RoomKey, texts: "_Texts", merchants: _Crowd, plot: Plot) -> DesiredRoom:
        officers = self._officers.get(key.zone, _NOBODY)
        crowd = merchants.together_with(officers)
        if key.kind is Kind.ALERTES:  # whose readers have no power there
            crowd = crowd.together_with(self._watchers.get(key.zone, _NOBODY))
        alias = room_alias(key.kind, key.trade, plot)
        powers = self._powers(texts, tuple(officers.people))
        return texts.room(key, alias, plot.name, plot.parent, crowd, powers)

    def _powers(self, texts: "_Texts", officers: tuple[UserId, ...]) -> Mapping[str, object]:
        # Shared: most rooms of a kind have the same officers, or none.
        key = (texts.template.kind, officers)
        if key not in self._power_levels:
            self._power_levels[key] = power_levels(texts.template, officers)
        return self._power_levels[key]


class _Texts:
    """A template with every blank filled but the zone, so that rooms share what they can."""

    def __init__(self, template: Template, territory: Territory, trade: str = "") -> None:
        self.template = template
        self._blanks = {
            "{trade}": trade,
            "{territory}": territory.name,
            "{contact}": territory.contact,
        }
        test = territory.test_list is not None
        self._name = f"{'[Essai] ' if test else ''}{self._fill(template.name)}"
        self._topic = f"{TEST_PHASE if test else ''}{self._fill(template.topic)}"
        self._welcome = self._fill(template.welcome)

    def room(
        self,
        key: RoomKey,
        alias: str,
        zone: str,
        parent: RoomKey | None,
        crowd: _Crowd,
        powers: Mapping[str, object],
    ) -> DesiredRoom:
        """The room of that template; `zone` is what people call its place."""
        return DesiredRoom(
            key=key,
            alias=alias,
            name=self._name.replace("{zone}", zone),
            topic=self._topic.replace("{zone}", zone),
            welcome=self._welcome.replace("{zone}", zone),
            power_levels=powers,
            encrypted=key.kind is not Kind.SPACE,
            parent=parent,
            people=crowd.people,
            members=frozenset(crowd.members),
            signal=self.template.signal,
            signal_announcement=self.template.signal_announcement,
            signal_people=frozenset(crowd.signal) if self.template.signal else frozenset(),
        )

    def _fill(self, text: str) -> str:
        for blank, value in self._blanks.items():
            text = text.replace(blank, value)
        return text
