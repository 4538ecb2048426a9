"""Reads a list of people to enrol: all of them, or none and every mistake at its line."""

from collections.abc import Sequence
from pathlib import Path

from appservice.domain.enrolment import LANGUAGES, Mistake, mistakes_in
from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.telephone.number import NotAMobile, mobile_of
from appservice.domain.territory import Level, Zone
from appservice.domain.world import World
from appservice.files.yaml_source import (
    BadFiles,
    Problem,
    ProblemList,
    Table,
    did_you_mean,
    read_yaml,
)

_KEYS = (
    "name", "role", "territory", "shop", "trades", "commune", "zones",
    "channels", "mxid", "phone", "signal", "language", "sms_fallback",
    "siret",
)  # fmt: skip


class Seed:
    """People read from a file, and the lines where they are."""

    def __init__(self, path: Path, people: Sequence[Member], tables: Sequence[Table]) -> None:
        self.path = path
        self.people = tuple(people)
        self._tables = tuple(tables)

    def located(self, mistakes: Sequence[Mistake]) -> BadFiles:
        """The same mistakes, each at its line of the file."""
        return BadFiles(
            Problem(str(self.path), self._tables[mistake.rank].line(mistake.field), mistake.french)
            for mistake in mistakes
        )


def read_seed(path: Path, world: World, server_name: str) -> Seed:
    """Raise BadFiles with every mistake, whoever it is about."""
    problems = ProblemList()
    root = read_yaml(path, problems)
    tables = []
    if root is not None:
        root.only("members")
        tables = root.tables("members")
        if not tables and not len(problems):
            root.problem("members", "« members » : au moins une personne")
    people = []
    for table in tables:
        before = len(problems)
        person = _person(table, world, problems)
        # What could not be read is said once, by the reader.
        if person is not None and len(problems) == before:
            for mistake in mistakes_in(person, world, server_name):
                table.problem(mistake.field, mistake.french)
        if person is not None:
            people.append(person)
    problems.check()
    return Seed(path, people, tables)


def _person(table: Table, world: World, problems: ProblemList) -> Member | None:
    table.only(*_KEYS)
    role = table.choice("role", [role.value for role in Role])
    person = Member(
        id=MemberId(""),
        role=Role(role) if role in list(Role) else Role.MERCHANT,
        name=table.text("name"),
        territory=table.choice("territory", world.territories),
        shop=table.text("shop", ""),
        trades=tuple(TradeId(trade) for trade in table.texts("trades", ())),
        commune=Insee(table.text("commune", "")),
        zones=_zones(table, problems),
        channels=_channels(table, problems),
        mxid=_mxid(table),
        phone=_phone(table),
        signal=table.text("signal") if "signal" in table else None,
        language=table.choice("language", LANGUAGES, "fr"),
        sms_fallback=table.flag("sms_fallback", False),
        siret=table.text("siret", ""),
    )
    return person if role in list(Role) else None


def _mxid(table: Table) -> UserId | None:
    return UserId(table.text("mxid")) if "mxid" in table else None


def _phone(table: Table) -> str | None:
    """In international form; French numbers may be written as people write them."""
    if "phone" not in table:
        return None
    try:
        return mobile_of(table.text("phone"))
    except NotAMobile as mistake:
        table.problem("phone", str(mistake))
        return None


def _channels(table: Table, problems: ProblemList) -> frozenset[Channel]:
    known = [channel.value for channel in Channel]
    chosen = set()
    for line in table.located_texts("channels"):
        if line.text in known:
            chosen.add(Channel(line.text))
        else:
            hint = did_you_mean(line.text, known)
            problems.add(table.path, line.line, f"canal inconnu « {line.text} »{hint}")
    return frozenset(chosen)


def _zones(table: Table, problems: ProblemList) -> tuple[Zone, ...]:
    levels = [level.value for level in Level]
    zones = []
    for line in table.located_texts("zones"):
        level, colon, code = line.text.partition(":")
        if colon and code and level in levels:
            zones.append(Zone(Level(level), code))
        else:
            hint = did_you_mean(level, levels)
            message = f"zone « {line.text} » : écrire « commune:35152 »{hint}"
            problems.add(table.path, line.line, message)
    return tuple(zones)
