"""What each command takes: the rights matrix, as people type."""

from collections.abc import Mapping

from appservice.domain.commands import nouns
from appservice.domain.commands.nouns import Command
from appservice.domain.console.rights import HOLDERS, Right, position_of
from appservice.domain.member import Role

NEEDS: Mapping[type[Command], frozenset[Right]] = {
    **dict.fromkeys(
        (
            nouns.SubmitAlert,
            nouns.PreviewAlert,
            nouns.CorrectAlert,
            nouns.RefuseAlert,  # one's own; another's needs APPROVE_ALERT too
            nouns.CancelAlert,
            nouns.HastenAlert,
            nouns.AskAlert,
        ),
        frozenset({Right.SUBMIT_ALERT}),
    ),
    nouns.ApproveAlert: frozenset({Right.APPROVE_ALERT}),
    **dict.fromkeys(
        (
            nouns.TakeReport,
            nouns.AskAuthor,
            nouns.ClearReport,
            nouns.CloseReport,
            nouns.DetachReport,
            nouns.SeparateReports,
        ),
        frozenset({Right.READ_REPORTS}),
    ),
    **dict.fromkeys((nouns.AskOffences, nouns.ChooseOffence), frozenset({Right.REPORT})),
    nouns.AskReport: frozenset({Right.REPORT, Right.READ_REPORTS}),
    **dict.fromkeys(
        (nouns.AskHelp, nouns.AskCharter, nouns.AskRules, nouns.AskMe),
        frozenset({Right.READ_RULES}),
    ),
}
"""By command, the rights of which one is enough; a command that is not here is nobody's."""


def missing(command: Command, role: Role) -> frozenset[Right]:
    """The rights of which one would be needed; empty when the role has one."""
    needed = NEEDS[type(command)]
    position = position_of(role)
    return frozenset() if any(position in HOLDERS[right] for right in needed) else needed
