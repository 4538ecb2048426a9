"""The rules as people read them: in the conversation and in `docs/regles`."""

import io
from pathlib import Path

import pytest
from support.shipped_policy import policy
from support.story import ANNE, BRUNO, CHLOE, MOREL, POSTE, Story

from appservice.domain.member import Channel, Role
from appservice.domain.text import SINGLE_SMS_SEPTETS, gsm7_length, to_gsm7
from appservice.domain.wording import rules as words
from appservice.moderate_cli import policy_pages
from appservice.trial.rule_pages import rule_pages

DOCS = Path(__file__).parents[3] / "docs" / "regles"


def test_the_pages_of_the_documentation_are_those_of_the_policy() -> None:
    written = {path.name: path.read_text("utf-8") for path in DOCS.glob("*.md")}
    written.pop("ecrire-une-regle.md")
    assert written == dict(rule_pages(policy())), "run: maillage policy pages docs/regles"


def test_a_page_says_all_that_the_rule_says(tmp_path: Path) -> None:
    out = io.StringIO()
    assert policy_pages(tmp_path / "regles", out) == 0
    assert out.getvalue().startswith(f"{len(policy().rules) + 1} pages écrites dans")
    for rule in policy().rules.values():
        page = (tmp_path / "regles" / f"{rule.id}.md").read_text("utf-8")
        for part in (*rule.sentences.values(), rule.legal_basis, rule.advice):
            assert part in page
        for example in (*rule.accepted, *rule.refused):
            assert example.text in page
    assert "chatter.md" in (tmp_path / "regles" / "README.md").read_text("utf-8")


def test_on_a_telephone_the_rules_fit_one_sms() -> None:
    said = words.listed(policy(), Channel.SMS)
    assert to_gsm7(said) == said
    assert gsm7_length(said) <= SINGLE_SMS_SEPTETS
    for rule in policy().rules.values():
        assert gsm7_length(words.one(policy(), rule, Role.MERCHANT, Channel.SMS)) <= 2 * 153


def test_the_list_names_every_rule_and_each_is_found_by_number_and_id() -> None:
    said = words.listed(policy(), Channel.SIGNAL)
    for number, rule in enumerate(policy().rules.values(), 1):
        assert f"\n{number}. {rule.sentences['fr']}" in said
        assert words.find(policy(), str(number)) is rule
        assert words.find(policy(), rule.id) is rule
    assert words.find(policy(), "0") is None
    assert words.find(policy(), "99") is None


@pytest.fixture
async def story() -> Story:
    return await Story().begin()


@pytest.mark.parametrize(
    ("who", "channel"),
    [(ANNE, Channel.MATRIX), (BRUNO, Channel.SIGNAL), (CHLOE, Channel.SMS)],
)
async def test_any_member_reads_the_rules_on_their_channel(story: Story, who, channel) -> None:
    await story.writes(who, "Règles", channel=channel)
    await story.writes(who, "REGLE 2", channel=channel)
    await story.writes(who, "règle n'importe-quoi", channel=channel)
    everything, one, unknown = story.told(who, channel)
    rule = list(story.world.policy.rules.values())[1]
    assert "gle 1" in everything.lower()
    assert rule.sentences["fr"] in one
    assert rule.legal_basis in one
    assert "Pas de règle « n'importe-quoi »" in unknown
    assert story.verbs == []


async def test_officers_ask_in_the_poste_and_are_answered_alone(story: Story) -> None:
    await story.writes(MOREL, "règles", where=POSTE)
    assert "Les règles qui jugent" in story.told(MOREL)[0]
    assert story.poste() == []


async def test_a_sentence_about_a_rule_is_still_a_report(story: Story) -> None:
    await story.writes(ANNE, "règle du jeu changée par un escroc, faux billets ce matin")
    assert story.verbs == ["report.open"]
