"""A small world for tests of membership: the shipped templates, territories and charters."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from appservice.domain.charter import Signature
from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.moderation import Policy
from appservice.domain.moderation.grammar import Grammar
from appservice.domain.moderation.policy import Names
from appservice.domain.moderation.spelling import Spelling
from appservice.domain.territory import Level, Zone
from appservice.domain.world import World
from appservice.files.charters import read_charters
from appservice.files.templates import read_templates
from appservice.files.territories import read_territories
from appservice.files.world import shipped_paths
from appservice.files.yaml_source import ProblemList

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIFFRE, REDON, MANTES = Insee("35152"), Insee("35236"), Insee("78361")
BRETAGNE, YVELINES = "ille-et-vilaine", "yvelines-mantes"


@lru_cache(maxsize=1)
def shipped_world() -> World:
    """The two pilots, with no rule of moderation: membership needs none."""
    problems, paths = ProblemList(), shipped_paths()
    charters = read_charters(paths.charters, problems)
    world = World(
        territories=read_territories(paths.territories, charters, problems),
        charters=charters,
        policy=Policy({}, Grammar({}), Spelling(), Names(), ""),
        templates=read_templates(paths.templates, problems).by_kind,
    )
    problems.check()
    return world


def user(name: str) -> UserId:
    return UserId(f"@{name}:maillage.test")


def merchant(
    name: str,
    commune: Insee = LIFFRE,
    trades: str = "buralistes",
    channels: str = "matrix",
    territory: str = BRETAGNE,
) -> Member:
    return Member(
        id=MemberId(name),
        role=Role.MERCHANT,
        name=name.title(),
        territory=territory,
        shop=f"Chez {name.title()}",
        trades=tuple(TradeId(trade) for trade in trades.split()),
        commune=commune,
        channels=frozenset(Channel(channel) for channel in channels.split()),
        mxid=user(name) if "matrix" in channels else None,
        phone="+33639980000" if "sms" in channels else None,
        signal=f"aci-{name}" if "signal" in channels else None,
    )


def officer(
    name: str,
    zone: Zone | None = None,
    role: Role = Role.GENDARME,
    channels: str = "matrix",
    territory: str = BRETAGNE,
) -> Member:
    return Member(
        id=MemberId(name),
        role=role,
        name=name.title(),
        territory=territory,
        zones=(zone or Zone(Level.DEPARTMENT, "35"),),
        channels=frozenset(Channel(channel) for channel in channels.split()),
        mxid=user(name) if "matrix" in channels else None,
        signal=f"aci-{name}" if "signal" in channels else None,
    )


def signed(
    member: Member, at: datetime = NOW - timedelta(days=1), days: int = 365, seal: str = ""
) -> Signature:
    """That member's signature of the charter in force."""
    charter = shipped_world().charter_for(member)
    assert charter is not None
    return Signature(
        member.id,
        charter.id,
        charter.version,
        charter.hash,
        at,
        at + timedelta(days=days),
        seal,
    )
