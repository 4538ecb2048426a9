"""What only a person can mend on Signal is told in the postes, once, and so is its end."""

import pytest
from support.story import BRUNO, POSTE, POSTE_GROUP, Story

from appservice.domain.member import Channel
from appservice.flows.departure.needs import Needs
from bridges.protocol import Trouble

CAPTCHA = Trouble("challenge_required")
FADES = Trouble("device_fades")
PHONE = Trouble("untrusted_identity", BRUNO.signal or "")


@pytest.fixture
def needs(story: Story) -> Needs:
    return Needs(story.bridges[Channel.SIGNAL], story.store, story.world, story.clock)


async def look(story: Story, needs: Needs, *troubles: Trouble) -> None:
    story.bridges[Channel.SIGNAL].troubles = troubles
    await needs.look()


def acts(story: Story) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(act.verb, act.subject, act.codes) for act in story.store.acts]


async def test_a_captcha_is_told_once_with_what_to_type_and_then_its_end(
    story: Story, needs: Needs
) -> None:
    for _ in range(3):
        await look(story, needs, CAPTCHA)
    [line] = story.poste()
    assert "captcha" in line
    assert "maillage signal status" in line
    assert story.parcels(Channel.SIGNAL) == [], "Signal would bring it when it is over"
    await look(story, needs)
    assert story.poste()[1:] == ["Signal : la preuve est acceptée, ce qui attendait part."]
    assert [verb for verb, *_ in acts(story)] == ["signal.needs", "signal.mended"]


async def test_a_new_telephone_is_told_by_its_holder_s_name_never_by_a_number(
    story: Story, needs: Needs
) -> None:
    await look(story, needs, PHONE)
    [line] = story.poste()
    assert BRUNO.attribution in line
    assert f"maillage signal trust {BRUNO.id}" in line
    assert (BRUNO.signal or "") not in line
    assert "+33" not in line
    assert {parcel.target for parcel in story.parcels()} == {POSTE, POSTE_GROUP}
    assert acts(story) == [("signal.needs", BRUNO.id, ("untrusted_identity",))]
    await look(story, needs)
    assert story.poste()[1].startswith(f"{BRUNO.attribution} : nouveau téléphone reconnu")


async def test_a_device_that_fades_is_told_though_all_works(story: Story, needs: Needs) -> None:
    await look(story, needs, FADES)
    [line] = story.poste()
    assert "déliera à 30" in line
    assert "maillage signal status" in line
    await look(story, needs)
    assert story.poste()[1:] == ["Signal : l'appareil lié a servi de nouveau."]


async def test_a_stranger_s_telephone_is_nobody_s_business(story: Story, needs: Needs) -> None:
    await look(story, needs, Trouble("untrusted_identity", "somebody"))
    assert story.poste() == []


async def test_while_nobody_answers_nothing_is_said_to_be_over(story: Story, needs: Needs) -> None:
    await look(story, needs, CAPTCHA)
    story.bridges[Channel.SIGNAL].down = True
    await look(story, needs)
    assert len(story.poste()) == 1


async def test_a_service_that_starts_again_does_not_say_it_again(
    story: Story, needs: Needs
) -> None:
    await look(story, needs, CAPTCHA, PHONE)
    again = Needs(needs.bridge, needs.store, needs.world, needs.clock)
    await look(story, again, CAPTCHA, PHONE)
    assert len(story.poste()) == 2


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("captcha_rejected", "refuse la preuve"),
        ("account_not_registered", "ne connaît plus notre compte"),
        ("never_foreseen", "never_foreseen"),
    ],
)
async def test_each_code_has_its_sentence(story: Story, needs: Needs, code, words) -> None:
    await look(story, needs, Trouble(code))
    assert words in story.poste()[0]
