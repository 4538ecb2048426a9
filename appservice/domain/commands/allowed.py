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
            nouns.ReopenReport,
            nouns.DetachReport,
            nouns.SeparateReports,
        ),
        frozenset({Right.READ_REPORTS}),
    ),
    **dict.fromkeys(
        (nouns.AskOffences, nouns.ChooseOffence, nouns.RateReport), frozenset({Right.REPORT})
    ),
    nouns.AskReport: frozenset({Right.REPORT, Right.READ_REPORTS}),
    **dict.fromkeys(
        (nouns.AskHelp, nouns.AskCharter, nouns.AskRules, nouns.AskMe),
        frozenset({Right.READ_RULES}),
    ),
}
"""By command, the rights of which one is enough; a command that is not here is nobody's."""


VERBS: Mapping[str, type[Command]] = {
    "alerte": nouns.SubmitAlert,
    "aperçu": nouns.PreviewAlert,
    "valide": nouns.ApproveAlert,
    "refuse": nouns.RefuseAlert,
    "corrige": nouns.CorrectAlert,
    "annule": nouns.CancelAlert,
    "urgent": nouns.HastenAlert,
    "prends": nouns.TakeReport,
    "réponds": nouns.AskAuthor,
    "levée": nouns.ClearReport,
    "clos": nouns.CloseReport,
    "rouvre": nouns.ReopenReport,
    "détache": nouns.DetachReport,
    "dissocie": nouns.SeparateReports,
    "état": nouns.AskAlert,
    "règles": nouns.AskRules,
    "aide": nouns.AskHelp,
}
"""What each taught form asks for (`agent.FORMS`)."""


def allows(command: type[Command], role: Role) -> bool:
    """Whether one of the rights that it takes is the role's."""
    position = position_of(role)
    return any(position in HOLDERS[right] for right in NEEDS[command])


def missing(command: Command, role: Role) -> frozenset[Right]:
    """The rights of which one would be needed; empty when the role has one."""
    return frozenset() if allows(type(command), role) else NEEDS[type(command)]
