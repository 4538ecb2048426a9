"""What people read: hours of Paris, rules with their article, and words that stay harmless."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.small_policy import small_policy
from support.story import ANNE, EVERYWHERE, MAIRIE, MOREL, TERRITORY, merchant

from appservice.domain.alert import Alert, Published
from appservice.domain.audience import Audience
from appservice.domain.charter import InForce, NotInForce
from appservice.domain.commands.agent import FORMS
from appservice.domain.commands.allowed import VERBS
from appservice.domain.delivery import State, Tally
from appservice.domain.ids import AlertId, Insee, TradeId
from appservice.domain.member import Channel
from appservice.domain.telephone.consent import Agreed, Consent
from appservice.domain.text import gsm7_length
from appservice.domain.wording import alerts, reports, talk
from appservice.domain.wording.common import elapsed, harmless, hour, plural, quoted, reasons
from appservice.domain.wording.personal.help import Situation, help_for
from bridges.sms.segments import Encoding, prepare

WINTER = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
SUMMER = datetime(2026, 7, 21, 13, 5, tzinfo=UTC)


def alert(text: str = "Vol & <b>effraction</b>", revision: int = 1) -> Alert:
    return Alert(
        AlertId(7),
        MOREL.id,
        TERRITORY.id,
        Audience(EVERYWHERE),
        text,
        WINTER,
        "hash",
        Published(WINTER, None, revision),
    )


def test_hours_are_those_of_paris() -> None:
    assert (hour(WINTER), hour(SUMMER)) == ("14h05", "15h05")


def test_element_shows_markup_as_text() -> None:
    assert "&lt;b&gt;effraction" in alerts.html(alert(), MOREL)
    assert "<b>effraction" in alerts.body(alert(), MOREL)


def test_a_correction_says_so() -> None:
    assert "Alerte A7 corrigée — gendarmerie" in alerts.body(alert(revision=2), MOREL)
    assert "corrigée" not in alerts.body(alert(), MOREL)


def test_a_telephone_gets_the_letters_in_which_an_alert_was_counted() -> None:
    longest = "Vol à l'hôtel : " + "é" * (160 - 16)
    assert gsm7_length(longest) == 160
    sms = prepare(alerts.sms(alert(longest), gsm7_only=True).text)
    assert (sms.encoding, sms.units, sms.segments) == (Encoding.GSM7, 160, 1)


@pytest.mark.parametrize(("length", "parts"), [(139, "1 SMS"), (140, "2 SMS"), (160, "2 SMS")])
def test_a_correction_tells_its_length_by_sms(length: int, parts: str) -> None:
    text = alerts.sms_correction(alert("a" * length), gsm7_only=True)
    said = alerts.corrected(alert("a" * length), MOREL, 3, text)
    assert f"{length + 21} caractères, {parts}" in said
    assert "SMS" not in alerts.corrected(alert("a" * length), MOREL, 0, text)


def test_the_tally_in_words() -> None:
    tally = Tally(
        {
            (Channel.MATRIX, State.ACCEPTED): 3,
            (Channel.SMS, State.DELIVERED): 11,
            (Channel.SMS, State.FAILED): 1,
            (Channel.SMS, State.UNKNOWN): 2,
        }
    )
    assert alerts.finished(alert(), tally, WINTER + timedelta(seconds=4)) == (
        "A7, bilan en 4 s : Element 3 remis ; SMS 11 reçus, 1 échec, 2 sorts inconnus."
    )


def test_a_rule_is_named_with_sentence_and_article_once() -> None:
    rules = small_policy().rules
    said = reasons(["identifies-person", "identifies-person", "gone"], rules)
    assert said.splitlines() == [
        "• Ne désignez personne. (règle identifies-person ; article de identifies-person)",
        "• règle gone",
    ]


def test_trades_of_an_audience_that_files_forgot_keep_their_id() -> None:
    who = Audience(EVERYWHERE, frozenset({TradeId("buralistes"), TradeId("disparus")}))
    assert alerts.audience(who, TERRITORY) == "Buralistes, disparus — Ille-et-Vilaine"
    assert alerts.audience(Audience(EVERYWHERE), TERRITORY).startswith("tous les métiers")


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        ("problème ici", ("quoi", "quand")),
        ("un client agressif", ("quand",)),
        ("faux billet de 50 ce matin", ()),
        ("faux billet à 14h30", ()),
        ("", ("quoi", "quand")),
    ],
)
def test_what_a_report_lacks(text: str, gaps: tuple[str, ...]) -> None:
    assert reports.missing(text, ANNE) == gaps


def test_whoever_has_no_shop_is_asked_where() -> None:
    passer = type(ANNE)(**{f: getattr(ANNE, f) for f in ANNE.__slots__} | {"shop": ""})
    assert "où" in reports.missing("bagarre de trois personnes hier", passer)
    assert "où" not in reports.missing("bagarre de trois personnes hier rue Foch", passer)


@given(st.text())
def test_foreign_words_never_begin_a_line_of_ours(text: str) -> None:
    for line in quoted(text).splitlines()[1:]:
        assert line.startswith("| ")
    assert not set(harmless(text)) & set("\u202e\u202d\u2066\x00\x1b")


def test_what_telephones_get_by_themselves_fits_one_sms() -> None:
    contact = "la mairie de Liffré, maillage@liffre.example"
    assert gsm7_length(talk.stranger([contact])) <= 160
    assert gsm7_length(alerts.sms_cancellation(WINTER)) <= 160


def test_help_is_for_the_person_who_asks() -> None:
    shop = merchant("zoe", Insee("35152"))
    signed = InForce(WINTER, "2026-1")
    for channel in Channel:
        said = help_for(Situation(shop, TERRITORY, signed, channel))
        assert "17 ou 112" in said
        assert TERRITORY.contact in said
        assert "valide A7" not in said
    assert "valide A7" in help_for(Situation(MOREL, TERRITORY, signed, Channel.MATRIX))
    mairie = help_for(Situation(MAIRIE, TERRITORY, signed, Channel.MATRIX))
    assert "alerte buralistes" in mairie
    assert "prends S12" not in mairie, "what one may not do is not taught"
    assert "valide A7" not in mairie


def test_help_says_what_is_missing_and_how_to_mend_it() -> None:
    shop = merchant("zoe", Insee("35152"), channels=frozenset({Channel.SMS}))
    signed = InForce(WINTER, "2026-1")
    asks = replace(TERRITORY, training_required=True)
    for channel in Channel:
        said = help_for(Situation(shop, asks, signed, channel))
        assert "Formation" in said
        assert "quoi, où, quand" not in said
        trained = help_for(Situation(replace(shop, trained=WINTER), asks, signed, channel))
        assert "quoi, où, quand" in trained
    text = help_for(Situation(shop, TERRITORY, signed, Channel.SMS))
    assert "répondez OUI" in text
    yes = Consent(shop.id, Agreed(WINTER), "OUI")
    agreed = help_for(Situation(shop, TERRITORY, signed, Channel.SMS, yes))
    assert "répondez OUI" not in agreed
    for reason in ("never-signed", "outdated", "expired", "revoked"):
        out = help_for(Situation(shop, TERRITORY, NotInForce(reason), Channel.SMS))
        assert NotInForce(reason).french in out
        assert TERRITORY.contact in out
        assert gsm7_length(out) <= 160, reason


def test_every_taught_form_asks_for_a_command() -> None:
    assert set(VERBS) == set(FORMS)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h")]
)
def test_elapsed(seconds: int, said: str) -> None:
    assert elapsed(timedelta(seconds=seconds)) == said


def test_plural() -> None:
    assert [plural(n, "SMS", "SMS") for n in (0, 1, 2)] == ["0 SMS", "1 SMS", "2 SMS"]
    assert plural(2, "photo") == "2 photos"
