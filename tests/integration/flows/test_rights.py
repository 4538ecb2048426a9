"""Every command as every role, over a real PostgreSQL: what the matrix says, and nothing else."""

import typing

import pytest
from support.story import DEPARTMENT, LIFFRE, TERRITORY, Story, agent, merchant, signature

from appservice.domain.commands import nouns
from appservice.domain.commands.allowed import NEEDS, missing
from appservice.domain.commands.offences import Offence
from appservice.domain.console import HOLDERS, position_of
from appservice.domain.errors import MaillageError, NotAllowed
from appservice.domain.ids import AlertId, ReportId
from appservice.domain.member import Channel, Member, Role
from appservice.flows.inbound import desk
from appservice.flows.step import Step

NOBODYS, NUMBER = AlertId(999), ReportId(999)
COMMANDS: list[nouns.Command] = [
    nouns.SubmitAlert(frozenset(), DEPARTMENT, "Vol constaté hier à Liffré"),
    nouns.PreviewAlert(frozenset(), DEPARTMENT, "Vol constaté hier à Liffré"),
    nouns.HastenAlert(NOBODYS),
    nouns.ApproveAlert(NOBODYS),
    nouns.RefuseAlert(NOBODYS, "non"),
    nouns.CorrectAlert(NOBODYS, "Vol"),
    nouns.CancelAlert(NOBODYS, "non"),
    nouns.TakeReport(NUMBER),
    nouns.AskAuthor(NUMBER, "Où ?"),
    nouns.ClearReport(NUMBER, founded=True),
    nouns.CloseReport(NUMBER),
    nouns.ReopenReport(NUMBER),
    nouns.DetachReport(NUMBER),
    nouns.SeparateReports(NUMBER),
    nouns.AskAlert(NOBODYS),
    nouns.AskReport(NUMBER),
    nouns.AskHelp(),
    nouns.AskCharter(),
    nouns.AskMe(),
    nouns.AskRules(""),
    nouns.AskOffences(),
    nouns.ChooseOffence(Offence.COUNTERFEIT),
    nouns.RateReport(NUMBER, 4, "", "note S999 4"),
]


def somebody(role: Role) -> Member:
    name = f"qui-{role.value}"
    return merchant(name, LIFFRE) if role is Role.MERCHANT else agent(name, role)


def test_every_command_has_a_line_of_the_matrix():
    assert {type(one) for one in COMMANDS} == set(NEEDS) == set(typing.get_args(nouns.Command))
    assert all(NEEDS.values())


@pytest.mark.acceptance("S2-03")
async def test_each_role_does_what_the_matrix_says(story: Story) -> None:
    refused: dict[Role, set[str]] = {}
    for role in Role:
        member = somebody(role)
        async with story.store.transaction() as tx:
            await tx.members.save(member)
            await tx.signatures.add(signature(member))
        for number, command in enumerate(COMMANDS):
            try:
                async with story.store.transaction() as tx:
                    key = f"{role}-{number}"
                    channel = Channel.MATRIX
                    step = Step(tx, story.world, story.now, member, TERRITORY, channel, key)
                    await desk.obey(step, command)
            except NotAllowed:
                refused.setdefault(role, set()).add(type(command).__name__)
            except MaillageError:
                pass  # understood, allowed, and about nothing that exists
            position = position_of(role)
            held = any(position in HOLDERS[right] for right in NEEDS[type(command)])
            was_refused = type(command).__name__ in refused.get(role, set())
            assert was_refused != held, (role, command)
            assert bool(missing(command, role)) != held
    reading = {"AskReport", "AskHelp", "AskCharter", "AskMe", "AskRules"}
    every = {type(one).__name__ for one in COMMANDS}
    assert every - refused[Role.MERCHANT] == {
        *reading, "AskOffences", "ChooseOffence", "RateReport",
    }  # fmt: skip
    assert every - refused[Role.ASVP] == every - refused[Role.MERCHANT]
    officer = every - {"AskOffences", "ChooseOffence", "RateReport"}
    for role in (Role.MUNICIPAL_POLICE, Role.NATIONAL_POLICE, Role.GENDARME, Role.CHEF_DE_QUART):
        assert every - refused[role] == officer, role
    assert refused[Role.MAIRIE] == {
        "ApproveAlert", "TakeReport", "AskAuthor", "ClearReport", "CloseReport", "ReopenReport",
        "DetachReport", "SeparateReports",
    }  # fmt: skip
