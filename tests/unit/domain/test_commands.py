"""What people type, and what is understood."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.domain.commands import (
    ApproveAlert,
    AskAlert,
    AskCharter,
    AskHelp,
    AskMe,
    AskReport,
    CancelAlert,
    ClearReport,
    CloseReport,
    CorrectAlert,
    RateReport,
    RefuseAlert,
    ReopenReport,
    SubmitAlert,
    TakeReport,
    parse_agent,
    parse_member,
    reaction_on_alert,
    reaction_on_report,
)
from appservice.domain.errors import NotUnderstood
from appservice.domain.ids import AlertId, Insee, ReportId, TradeId
from appservice.domain.member import Channel
from appservice.domain.territory import Commune, Level, Territory, Trade, Zone

BURALISTES, BIJOUTIERS, BAR = TradeId("buralistes"), TradeId("bijoutiers"), TradeId("bar-tabac")
TERRITORY = Territory(
    id="35",
    name="Ille-et-Vilaine",
    department="35",
    communes={
        Insee(code): Commune(Insee(code), name, "35", "243500139")
        for code, name in (
            ("35152", "Liffré"),
            ("35236", "Redon"),
            ("35031", "La Bouëxière"),
            ("35012", "Bain-de-Bretagne"),
            ("35901", "Saint-Médard"),
            ("35902", "Saint-Médard"),
        )
    },
    trades={
        BURALISTES: Trade(BURALISTES, "Buralistes", Level.DEPARTMENT),
        BIJOUTIERS: Trade(BIJOUTIERS, "Bijoutiers", Level.COMMUNE),
        BAR: Trade(BAR, "Bars-tabacs", Level.COMMUNE),
    },
    poste_level=Level.DEPARTMENT,
    charters={},
)
EVERYWHERE = Zone(Level.TERRITORY, "35")
LIFFRE = Zone(Level.COMMUNE, "35152")
DEPARTMENT = Zone(Level.DEPARTMENT, "35")


def understood(text: str) -> object:
    return parse_agent(text, TERRITORY)


@pytest.mark.parametrize(
    ("head", "trades", "zone"),
    [
        ("alerte", set(), EVERYWHERE),
        ("Alerte tous", set(), EVERYWHERE),
        ("!alerte tous 35", set(), DEPARTMENT),
        ("/ALERTE buralistes Liffré", {BURALISTES}, LIFFRE),
        ("alerte buraliste LIFFRE", {BURALISTES}, LIFFRE),
        (
            "alerte buralistes,bijoutiers Redon",
            {BURALISTES, BIJOUTIERS},
            Zone(Level.COMMUNE, "35236"),
        ),
        ("alerte buralistes, bijoutiers", {BURALISTES, BIJOUTIERS}, EVERYWHERE),
        ("alerte aux buralistes et aux bijoutiers de Liffré", {BURALISTES, BIJOUTIERS}, LIFFRE),
        ("alerte bar-tabac 35152", {BAR}, LIFFRE),
        ("alerte bijoutiers la bouexiere", {BIJOUTIERS}, Zone(Level.COMMUNE, "35031")),
        ("alerte Bain de Bretagne", set(), Zone(Level.COMMUNE, "35012")),
        ("alerte tous département", set(), DEPARTMENT),
        ("alerte tous ille et vilaine", set(), EVERYWHERE),
        ("alerte buralistes partout", {BURALISTES}, EVERYWHERE),
        ("alerte EPCI 243500139", set(), Zone(Level.EPCI, "243500139")),
        ("alerte 35902", set(), Zone(Level.COMMUNE, "35902")),
    ],
)
def test_an_alert_names_trades_and_a_zone(head: str, trades: set[TradeId], zone: Zone) -> None:
    text = "Vol à 14:30 : un tabac."
    for separator in (" : ", ": ", ":"):
        assert understood(f"{head}{separator}{text}") == SubmitAlert(frozenset(trades), zone, text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("alerte buralistes Lifre : vol", "Liffré"),
        ("alerte buralites : vol", "buralistes"),
        ("alerte boulangers Liffré : vol", "Métiers : bar-tabac, bijoutiers, buralistes"),
        ("alerte Saint-Médard : vol", "35901"),
        ("alerte buralistes vol à Liffré", "il manque « : »"),
        ("alerte buralistes Liffré :  ", "sans texte"),
        ("!valdie A7", "valide A7"),
        ("valdie A7", "valide A7"),
        ("!toto", "aide"),
        ("valide", "Il manque la référence"),
        ("valide S7", "est un signalement"),
        ("prends A7", "est une alerte"),
        ("refuse A7", "motif"),
        ("corrige A7 :", "sans texte"),
        ("levée S12", "fondé"),
        ("levée S12 bof", "infondé"),
        ("état 7", "état S7"),
        ("prends 2 minutes pour rappeler", "S2"),
        ("!clos", "clos S12"),
        ("rouvre A7", "est une alerte"),
        ("rouvre", "rouvre S12"),
    ],
)
def test_what_cannot_be_read_says_what_was_expected(text: str, hint: str) -> None:
    with pytest.raises(NotUnderstood) as refusal:
        understood(text)
    assert hint in refusal.value.message


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("valide A7", ApproveAlert(AlertId(7))),
        ("  VALIDE a7. ", ApproveAlert(AlertId(7))),
        ("!valide 7", ApproveAlert(AlertId(7))),
        ("valider A 7", ApproveAlert(AlertId(7))),
        ("refuse A7 pas assez précis", RefuseAlert(AlertId(7), "pas assez précis")),
        ("refuse A7 : doublon", RefuseAlert(AlertId(7), "doublon")),
        ("corrige A7: Vol à 15:30", CorrectAlert(AlertId(7), "Vol à 15:30")),
        ("Corrige a7 : Vol rue Foch", CorrectAlert(AlertId(7), "Vol rue Foch")),
        ("annule A7", CancelAlert(AlertId(7), "")),
        ("annule A7, erreur de commune", CancelAlert(AlertId(7), "erreur de commune")),
        ("prends S12", TakeReport(ReportId(12))),
        ("je prends S12", TakeReport(ReportId(12))),
        ("pris s12", TakeReport(ReportId(12))),
        ("prise en charge S12", TakeReport(ReportId(12))),
        ("prends 12", TakeReport(ReportId(12))),
        ("levée S12 fondé", ClearReport(ReportId(12), founded=True)),
        ("leve s12 FONDEE", ClearReport(ReportId(12), founded=True)),
        ("levée de doute S12 : infondé", ClearReport(ReportId(12), founded=False)),
        ("lève S12 non fondé", ClearReport(ReportId(12), founded=False)),
        ("levée S12 pas confirmé", ClearReport(ReportId(12), founded=False)),
        ("levée S12 RAS", ClearReport(ReportId(12), founded=False)),
        ("levée S12, avéré", ClearReport(ReportId(12), founded=True)),
        ("clos S12", CloseReport(ReportId(12))),
        ("clôturer S-12", CloseReport(ReportId(12))),
        ("rouvre S12", ReopenReport(ReportId(12))),
        ("Réouvrir s12.", ReopenReport(ReportId(12))),
        ("état A7", AskAlert(AlertId(7))),
        ("Etat s12 ?", AskReport(ReportId(12))),
        ("aide", AskHelp()),
        ("/aide", AskHelp()),
        ("charte", AskCharter()),
        ("moi", AskMe()),
    ],
)
def test_commands_of_officers(text: str, command: object) -> None:
    assert understood(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour à tous",
        "je passe au tabac de la place dans 10 min",
        "état des lieux à refaire",
        "aide demandée rue Foch",
        "moi je suis dispo",
        "je suis au tabac",
        "valide ta carte",
        "ferme la porte",
        "rouvre la boutique",
        "note S12 4",
        "note : S12 à revoir demain",
        "4/5",
        "",
        "…",
        "Les alertes du jour : rien",
    ],
)
def test_officers_may_simply_talk(text: str) -> None:
    assert understood(text) is None


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("aide", AskHelp()),
        ("!Aide ?", AskHelp()),
        ("CHARTE", AskCharter()),
        ("moi", AskMe()),
        ("état S12", AskReport(ReportId(12))),
        ("statut 12", AskReport(ReportId(12))),
        ("à l'aide, il est armé", None),
        ("Alerte : vol en cours", None),
        ("moi aussi j'ai eu un faux billet", None),
        ("valide A7", None),
        ("?", None),
        ("", None),
    ],
)
def test_merchants_write_reports_and_a_few_commands(text: str, command: object) -> None:
    assert parse_member(text, Channel.SIGNAL) == command


@pytest.mark.parametrize(
    ("text", "report", "score", "comment"),
    [
        ("note S12 4", 12, 4, ""),
        ("NOTE s12 : 4/5.", 12, 4, ""),
        ("Note S12 5, rapide et clair", 12, 5, "rapide et clair"),
        ("noter s-12 4 sur 5 rapide", 12, 4, "rapide"),
        ("!note n° 12 4", 12, 4, ""),
        ("note 12 4", 12, 4, ""),
        ("note 4", None, 4, ""),
        ("note : 4/5 rapide", None, 4, "rapide"),
        ("4/5", None, 4, ""),
        ("5 sur 5 !", None, 5, ""),
        ("note S12", 12, None, ""),
        ("note S12 9", 12, None, "9"),
        ("note S12 0 nul", 12, None, "0 nul"),
        ("note S12 4,5", 12, None, "4,5"),
        ("note S12 rapide", 12, None, "rapide"),
        ("note 9", None, None, ""),
        ("note 4.5", None, None, ""),
        ("note", None, None, ""),
        ("/note rapide", None, None, ""),
    ],
)
def test_a_rating(text: str, report: int | None, score: int | None, comment: str) -> None:
    number = ReportId(report) if report is not None else None
    expected = RateReport(number, score, comment, text)
    assert parse_member(text, Channel.SMS) == expected


@pytest.mark.parametrize(
    "text",
    [
        "note de 20 € contrefaite",
        "Noté la plaque, rue Foch",
        "note 12 billets de 20 faux",
        "note A7 4",
        "6/5",
        "4/5 des vitrines sont brisées",
        "la note S12 4",
    ],
)
def test_what_begins_like_a_rating_is_a_report(text: str) -> None:
    assert parse_member(text, Channel.MATRIX) is None


def test_a_telephone_asks_for_help_in_its_own_words() -> None:
    for text in ("Aide", "AIDE SVP", "info", "help !"):
        assert parse_member(text, Channel.SMS) == AskHelp()
    assert parse_member("aide svp", Channel.MATRIX) is None


def test_a_merchants_unknown_command_is_explained() -> None:
    with pytest.raises(NotUnderstood, match="charte"):
        parse_member("!chate", Channel.MATRIX)


@pytest.mark.parametrize("emoji", ["✅", "👍", "👍🏽", "✔️", "☑️"])
def test_yes_lets_an_alert_through(emoji: str) -> None:
    assert reaction_on_alert(emoji, AlertId(7)) == ApproveAlert(AlertId(7))
    assert reaction_on_report(emoji, ReportId(1)) == ClearReport(ReportId(1), founded=True)


@pytest.mark.parametrize("emoji", ["❌", "👎", "👎🏿", "✖️"])
def test_no_stops_an_alert(emoji: str) -> None:
    assert isinstance(reaction_on_alert(emoji, AlertId(7)), RefuseAlert)
    assert reaction_on_report(emoji, ReportId(1)) == ClearReport(ReportId(1), founded=False)


def test_other_reactions() -> None:
    assert reaction_on_report("👀", ReportId(1)) == TakeReport(ReportId(1))
    assert reaction_on_report("✋🏾", ReportId(1)) == TakeReport(ReportId(1))
    assert reaction_on_report("🏁", ReportId(1)) == CloseReport(ReportId(1))
    for emoji in ("❤️", "", "👀👀", "valide"):
        assert reaction_on_alert(emoji, AlertId(7)) is None
        assert reaction_on_report(emoji, ReportId(1)) is None


@given(st.text(max_size=300))
def test_nothing_typed_breaks_the_parser(text: str) -> None:
    for read in (lambda: understood(text), lambda: parse_member(text, Channel.SMS)):
        with contextlib.suppress(NotUnderstood):
            read()


@given(st.text(min_size=1).filter(lambda t: t.strip()))
def test_the_text_of_an_alert_is_kept_as_typed(text: str) -> None:
    command = understood(f"alerte buralistes : {text}")
    assert isinstance(command, SubmitAlert)
    assert command.text == text.strip()
