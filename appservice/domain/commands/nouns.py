"""The commands, one small class each."""

from dataclasses import dataclass

from appservice.domain.commands.offences import Offence
from appservice.domain.ids import AlertId, ReportId, TradeId
from appservice.domain.territory import Zone


@dataclass(frozen=True, slots=True)
class SubmitAlert:
    """`alerte buralistes Liffré : texte`. No trade means all; no zone means the territory."""

    trades: frozenset[TradeId]
    zone: Zone
    text: str
    urgent: bool = False  # `alerte urgente …`: texts leave in quiet hours too


@dataclass(frozen=True, slots=True)
class PreviewAlert:
    """`aperçu buralistes Liffré : texte`: what phones would show; nothing is published."""

    trades: frozenset[TradeId]
    zone: Zone
    text: str


@dataclass(frozen=True, slots=True)
class HastenAlert:
    """`urgent A7`: what quiet hours hold back leaves now."""

    alert: AlertId


@dataclass(frozen=True, slots=True)
class ApproveAlert:
    """`valide A7`."""

    alert: AlertId


@dataclass(frozen=True, slots=True)
class RefuseAlert:
    """`refuse A7 motif`."""

    alert: AlertId
    reason: str


@dataclass(frozen=True, slots=True)
class CorrectAlert:
    """`corrige A7 : texte`."""

    alert: AlertId
    text: str


@dataclass(frozen=True, slots=True)
class CancelAlert:
    """`annule A7 motif`; the reason may be left out."""

    alert: AlertId
    reason: str


@dataclass(frozen=True, slots=True)
class TakeReport:
    """`prends S12`."""

    report: ReportId


@dataclass(frozen=True, slots=True)
class AskAuthor:
    """`réponds S12 : texte`: to whoever reported."""

    report: ReportId
    text: str


@dataclass(frozen=True, slots=True)
class ClearReport:
    """`levée S12 fondé` or `levée S12 infondé`."""

    report: ReportId
    founded: bool


@dataclass(frozen=True, slots=True)
class CloseReport:
    """`clos S12`."""

    report: ReportId


@dataclass(frozen=True, slots=True)
class ReopenReport:
    """`rouvre S12`: it waits for an officer again."""

    report: ReportId


@dataclass(frozen=True, slots=True)
class DetachReport:
    """`détache S12`: out of the event that it was taken for."""

    report: ReportId


@dataclass(frozen=True, slots=True)
class SeparateReports:
    """`dissocie S12`: every report of that event on its own again."""

    report: ReportId


@dataclass(frozen=True, slots=True)
class AskAlert:
    """`état A7`."""

    alert: AlertId


@dataclass(frozen=True, slots=True)
class AskReport:
    """`état S12`."""

    report: ReportId


@dataclass(frozen=True, slots=True)
class AskHelp:
    """`aide`."""


@dataclass(frozen=True, slots=True)
class AskCharter:
    """`charte`."""


@dataclass(frozen=True, slots=True)
class AskMe:
    """`moi`: what the service knows of whoever asks (RGPD art. 15)."""


@dataclass(frozen=True, slots=True)
class AskRules:
    """`règles`, or `règle 12`: what judges messages. `rule` is a number, an id or empty."""

    rule: str = ""


@dataclass(frozen=True, slots=True)
class AskOffences:
    """`signaler`: the menu of offences."""


@dataclass(frozen=True, slots=True)
class ChooseOffence:
    """A number of that menu, alone: what the last report is about."""

    offence: Offence


@dataclass(frozen=True, slots=True)
class RateReport:
    """`note S12 4 rapide et clair`. No report: the last one closed; no score: none was read."""

    report: ReportId | None
    score: int | None
    comment: str
    written: str  # all of it: it may be no rating after all


Command = (
    SubmitAlert
    | ApproveAlert
    | RefuseAlert
    | ChooseOffence
    | RateReport
    | CorrectAlert
    | CancelAlert
    | HastenAlert
    | PreviewAlert
    | TakeReport
    | AskAuthor
    | ClearReport
    | CloseReport
    | ReopenReport
    | DetachReport
    | SeparateReports
    | AskAlert
    | AskReport
    | AskHelp
    | AskCharter
    | AskMe
    | AskOffences
    | AskRules
)
