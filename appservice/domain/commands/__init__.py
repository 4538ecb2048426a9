"""Commands that people type in French in the poste or the guichet, and emoji that do them."""

from appservice.domain.commands.agent import parse_agent
from appservice.domain.commands.member import parse_member
from appservice.domain.commands.nouns import (
    ApproveAlert,
    AskAlert,
    AskCharter,
    AskHelp,
    AskMe,
    AskOffences,
    AskReport,
    AskRules,
    CancelAlert,
    ChooseOffence,
    ClearReport,
    CloseReport,
    Command,
    CorrectAlert,
    DetachReport,
    HastenAlert,
    RefuseAlert,
    SeparateReports,
    SubmitAlert,
    TakeReport,
)
from appservice.domain.commands.reactions import reaction_on_alert, reaction_on_report

__all__ = [
    "ApproveAlert",
    "AskAlert",
    "AskCharter",
    "AskHelp",
    "AskMe",
    "AskOffences",
    "AskReport",
    "AskRules",
    "CancelAlert",
    "ChooseOffence",
    "ClearReport",
    "CloseReport",
    "Command",
    "CorrectAlert",
    "DetachReport",
    "HastenAlert",
    "RefuseAlert",
    "SeparateReports",
    "SubmitAlert",
    "TakeReport",
    "parse_agent",
    "parse_member",
    "reaction_on_alert",
    "reaction_on_report",
]
