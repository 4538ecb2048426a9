"""A report that was closed too early is opened again: who is told, and who has it."""

from dataclasses import replace

from support.story import ANNE, CHLOE, MOREL, NADIA, POSTE, Story

from appservice.domain.ids import ReportId
from appservice.domain.member import Channel
from appservice.domain.report import Closed, Received, Report, Taken

FACT = "Un client a payé avec un faux billet de 50 € ce matin"


def report(story: Story, number: int = 1) -> Report:
    return story.store.tables.reports[ReportId(number)]


async def closed(story: Story) -> None:
    await story.writes(ANNE, FACT)
    for order in ("prends S1", "clos S1"):
        await story.writes(MOREL, order, where=POSTE)
    assert isinstance(report(story).stage, Closed)


async def test_S1_05_it_waits_again_and_both_sides_are_told(story: Story) -> None:
    await closed(story)
    await story.writes(NADIA, "rouvre S1", where=POSTE)
    assert report(story).stage == Received()
    assert story.told(ANNE)[-1] == "S1 est rouvert : un agent va le reprendre."
    assert story.poste()[-1] == "S1 rouvert par Nadia (gendarmerie) : à prendre en charge."
    assert story.verbs[-1] == "report.reopen"
    await story.writes(NADIA, "prends S1", where=POSTE)
    assert report(story).stage == Taken(by=NADIA.id, at=story.now)


async def test_every_report_of_the_event_is_opened_again(story: Story) -> None:
    await story.writes(ANNE, FACT)
    await story.writes(CHLOE, "faux billets chez moi aussi", channel=Channel.SMS)
    await story.writes(MOREL, "clos S1", where=POSTE)
    await story.writes(MOREL, "rouvre S2", where=POSTE)
    assert [report(story, number).stage for number in (1, 2)] == [Received(), Received()]
    assert story.told(CHLOE, Channel.SMS)[-1].startswith("S2 est rouvert")
    assert story.poste()[-1].startswith("S1 (2 signalements) rouvert")


async def test_what_is_open_unknown_or_erased_is_not(story: Story) -> None:
    await story.writes(ANNE, FACT)
    await story.writes(MOREL, "rouvre S1", where=POSTE)
    assert story.told(MOREL)[-1] == "S1 n'est pas clos."
    await story.writes(MOREL, "rouvre S9", where=POSTE)
    assert story.told(MOREL)[-1] == "S9 n'existe pas."
    await story.writes(MOREL, "clos S1", where=POSTE)
    rows = story.store.tables.reports
    rows[ReportId(1)] = replace(report(story), text="")  # as the store gives it, its key gone
    await story.writes(MOREL, "rouvre S1", where=POSTE)
    assert story.told(MOREL)[-1].startswith("Il n'y a plus rien à lire dans S1")
    assert isinstance(report(story).stage, Closed)
    assert "report.reopen" not in story.verbs


async def test_a_merchant_reopens_nothing(story: Story) -> None:
    await closed(story)
    await story.writes(ANNE, "rouvre S1")
    assert isinstance(report(story).stage, Closed)
