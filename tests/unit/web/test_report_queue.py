"""Reports in the queue: read by the officers of their land, taken once, their doubt settled."""

import re
from dataclasses import replace

import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Person

from appservice.domain.ids import ReportId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.report import Cleared, Closed, Received, Report, Taken
from appservice.domain.territory import Level, Zone
from appservice.flows import handling, reports
from appservice.flows.step import acting
from bridges.protocol import Attachment

SEEN = "Deux hommes secouent le rideau du bijoutier, un grand avec une barbe"
_CLICK = re.compile(r'name="envoi" value="([^"]+)"')


async def told(
    town: ConsoleTown, shop: Member, text: str = SEEN, photos: int = 0
) -> ReportId | None:
    pictures = reports.Pictures((Attachment("image/jpeg", b"x", "a.jpg"),) * photos)
    async with acting(town.store, town.world, town.clock, shop.id, town.new_id()) as step:
        report = await reports.receive(step, text, pictures)
    return report.id if report else None


async def officer(town: ConsoleTown, role: Role = Role.GENDARME, land: str = LIFFRE) -> Person:
    return await town.signed_in(await town.agent(role, land))


async def click(person: Person) -> dict[str, str]:
    found = _CLICK.search((await person.get("/validations")).text)
    assert found is not None
    return {"envoi": found[1]}


def report(town: ConsoleTown, number: ReportId | None) -> Report:
    assert number is not None
    known: Report = town.store.tables.reports[number]
    return known


async def test_a_report_waits_with_what_the_rules_noticed(town: ConsoleTown):
    number = await told(town, await town.merchant("Anne"), photos=2)
    person = await officer(town)
    page = await person.get("/validations")
    assert f"Signalement S{number}" in page.text
    assert "<mark>" in page.text
    assert "Tabac Anne, buralistes" in page.text
    assert "Liffré" in page.text
    assert f'href="/signalements/{number}/photos/2"' in page.text
    assert "/photos/3" not in page.text
    act = town.store.acts[-1]
    assert (act.verb, act.subject, act.codes) == (
        "report.read-waiting", "signalements", (f"S{number}",),
    )  # fmt: skip
    assert "no-store" in page.headers["Cache-Control"]


async def test_it_is_taken_then_settled_once_and_its_author_is_told(town: ConsoleTown):
    anne = await town.merchant("Anne")
    number = await told(town, anne)
    person = await officer(town)
    form = await click(person)
    for _ in range(2):
        page = await person.post(f"/signalements/{number}/prendre", form)
        assert (page.status, page.path) == (200, "/validations")
    assert isinstance(report(town, number).stage, Taken)
    assert "Pris en charge" in page.text
    form = {**await click(person), "founded": "oui"}
    for _ in range(2):
        page = await person.post(f"/signalements/{number}/lever", form)
        assert page.status == 200
    stage = report(town, number).stage
    assert isinstance(stage, Cleared)
    assert stage.founded
    assert "Doute levé" in page.text
    verbs = [act.verb for act in town.store.acts]
    assert (verbs.count("report.take"), verbs.count("report.clear")) == (1, 1)
    said = [p.body for p in town.store.parcels if p.member == anne.id]
    assert len(said) == 2, said
    form = await click(person)
    for _ in range(2):
        page = await person.post(f"/signalements/{number}/clore", form)
        assert page.status == 200
    assert f"S{number}" not in page.text
    assert isinstance(report(town, number).stage, Closed)
    assert [act.verb for act in town.store.acts].count("report.close") == 1
    said = [p.body for p in town.store.parcels if p.member == anne.id]
    assert len(said) >= 3, "told, and asked how it went"


async def test_a_photo_is_seen_by_the_officers_of_its_land_and_that_is_noted(town: ConsoleTown):
    number = await told(town, await town.merchant("Anne"), photos=1)
    person = await officer(town)
    path = f"/signalements/{number}/photos"
    page = await person.get(f"{path}/1")
    assert (page.status, page.text) == (200, "x")
    assert page.headers["Content-Type"] == "image/jpeg"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in page.headers["Cache-Control"]
    act = town.store.acts[-1]
    assert (act.verb, act.subject) == ("report.read-photo", f"S{number}")
    before = len(town.store.acts)
    for wrong in ("0", "2", "x", "-1", "9" * 30):
        assert (await person.get(f"{path}/{wrong}")).status == 404
    elsewhere = await officer(town, Role.CHEF_DE_QUART, MANTES)
    assert (await elsewhere.get(f"{path}/1")).status == 404
    assert (await (await town.mairie()).get(f"{path}/1")).status == 403
    seen = [act for act in town.store.acts[before:] if act.verb == "report.read-photo"]
    assert seen == []
    town.store.tables.blobs.clear()  # its time is over
    assert (await person.get(f"{path}/1")).status == 404


@pytest.mark.parametrize(
    ("kind", "status", "disposition"),
    [
        ("video/mp4", 200, 'attachment; filename="S1-1.mp4"'),
        ("image/svg+xml", 404, None),
        ("text/html", 404, None),
    ],
)
async def test_what_could_act_is_not_served_as_a_page(
    town: ConsoleTown, kind: str, status: int, disposition: str | None
):
    pictures = reports.Pictures((Attachment(kind, b"<script>", "a"),))
    shop = await town.merchant("Anne")
    async with acting(town.store, town.world, town.clock, shop.id, town.new_id()) as step:
        report = await reports.receive(step, SEEN, pictures)
    assert report is not None
    page = await (await officer(town)).get(f"/signalements/{report.id}/photos/1")
    assert page.status == status
    if disposition is not None:
        given = page.headers["Content-Disposition"]
        assert given == disposition.replace("S1", f"S{report.id}")


async def test_what_was_closed_meanwhile_is_not_closed_again(town: ConsoleTown):
    number = await told(town, await town.merchant("Anne"))
    person, other = await officer(town), await town.agent(Role.MUNICIPAL_POLICE)
    await person.post(f"/signalements/{number}/prendre", await click(person))
    await person.post(f"/signalements/{number}/lever", {**await click(person), "founded": "oui"})
    form = await click(person)
    assert number is not None
    async with acting(town.store, town.world, town.clock, other.id, "poste") as step:
        await handling.finish(step, number)
    late = await person.post(f"/signalements/{number}/clore", form)
    assert late.status == 409
    assert "plus rapide" in late.text
    assert [act.verb for act in town.store.acts].count("report.close") == 1


async def test_those_that_are_settled_come_last(town: ConsoleTown):
    settled = await told(town, await town.merchant("Zoé"), "Au secours, un homme armé nous menace")
    waiting = await told(town, await town.merchant("Anne"), "Vol à l'étalage chez moi hier soir")
    person = await officer(town)
    for act in ("prendre", "lever"):
        await person.post(f"/signalements/{settled}/{act}", {**await click(person)})
    page = await person.get("/validations")
    assert page.text.index(f"Signalement S{waiting}") < page.text.index(f"Signalement S{settled}")


async def test_what_the_poste_did_meanwhile_is_shown_not_doubled(town: ConsoleTown):
    number = await told(town, await town.merchant("Anne"))
    person, other = await officer(town), await town.agent(Role.MUNICIPAL_POLICE)
    form = await click(person)
    assert number is not None
    async with acting(town.store, town.world, town.clock, other.id, "poste") as step:
        await handling.take_on(step, number)
    late = await person.post(f"/signalements/{number}/prendre", form)
    assert late.status == 409
    assert "plus rapide" in late.text
    assert other.name in late.text
    stage = report(town, number).stage
    assert isinstance(stage, Taken)
    assert stage.by == other.id
    part = await person.get(f"/signalements/{number}/etat")
    assert "Pris en charge" in part.text
    assert "rideau" not in part.text
    before = len(town.store.acts)
    await person.get(f"/signalements/{number}/etat")
    assert len(town.store.acts) == before


async def test_an_unfounded_doubt_is_settled_too(town: ConsoleTown):
    number = await told(town, await town.merchant("Anne"))
    person = await officer(town)
    await person.post(f"/signalements/{number}/prendre", await click(person))
    await person.post(f"/signalements/{number}/lever", {**await click(person), "founded": "non"})
    stage = report(town, number).stage
    assert isinstance(stage, Cleared)
    assert not stage.founded


async def test_reports_of_one_event_are_one_line(town: ConsoleTown):
    first = await told(town, await town.merchant("Anne"))
    await told(town, await town.merchant("Bruno"))
    assert len(town.store.tables.reports) == 2
    page = await (await officer(town)).get("/validations")
    assert page.text.count('class="waiting') == 1
    assert f"Signalement S{first}" in page.text
    assert "Autres signalements du même fait : 1" in page.text


async def test_a_danger_comes_first(town: ConsoleTown):
    usual = await told(town, await town.merchant("Anne"), "Vol à l'étalage chez moi hier soir")
    danger = await told(town, await town.merchant("Zoé"), "Au secours, un homme armé nous menace")
    page = await (await officer(town)).get("/validations")
    assert re.findall(r"Signalement (S\d+)", page.text) == [f"S{danger}", f"S{usual}"]
    assert "Urgence" in page.text


async def test_a_photo_without_a_word_is_shown_to_nobody(town: ConsoleTown):
    number = await told(town, await town.merchant("Anne"), "", photos=1)
    person = await officer(town)
    assert f"S{number}" not in (await person.get("/validations")).text
    assert (await person.get(f"/signalements/{number}/etat")).status == 404
    page = await person.post(f"/signalements/{number}/prendre", {"envoi": "x"})
    assert page.status == 404
    assert isinstance(report(town, number).stage, Received)


async def test_a_report_of_another_land_is_nobody_s(town: ConsoleTown):
    number = await told(town, await town.merchant("Anne"))
    redon = await town.agent(Role.MUNICIPAL_POLICE)
    async with town.store.transaction() as tx:
        await tx.members.save(replace(redon, zones=(Zone(Level.COMMUNE, "35236"),)))
    strangers = (await officer(town, Role.CHEF_DE_QUART, MANTES), await town.signed_in(redon))
    for person in strangers:
        assert "rideau" not in (await person.get("/validations")).text
        assert (await person.get(f"/signalements/{number}/etat")).status == 404
        for act in ("prendre", "lever", "clore"):
            page = await person.post(f"/signalements/{number}/{act}", {"founded": "oui"})
            assert page.status == 404
    assert (await strangers[0].get("/signalements/x/etat")).status == 404
    assert isinstance(report(town, number).stage, Received)


@pytest.mark.parametrize("text", ["<script>alert(1)</script> vol chez moi ce matin"])
async def test_what_a_merchant_wrote_is_text(town: ConsoleTown, text: str):
    await told(town, await town.merchant("Anne"), text)
    page = await (await officer(town)).get("/validations")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text.replace("<mark>", "").replace("</mark>", "")


async def test_the_mairie_reads_no_report(town: ConsoleTown):
    number = await told(town, await town.merchant("Anne", Channel.SMS))
    mairie = await town.mairie()
    assert (await mairie.get("/validations")).status == 403
    assert (await mairie.get(f"/signalements/{number}/etat")).status == 403
    assert (await mairie.post(f"/signalements/{number}/prendre", {})).status == 403
