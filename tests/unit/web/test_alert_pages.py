"""Alerts followed and decided in the console: by a second person, in their land, once."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from support.console import MANTES, ConsoleTown, Page, Person

from appservice.domain.alert import Alert, Cancelled, Held, Published, Turned
from appservice.domain.audience import Audience
from appservice.domain.delivery import State
from appservice.domain.ids import AlertId, MemberId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Level, Zone
from appservice.flows import alerts
from appservice.flows.step import acting

MARKED = "Vol ce matin à Liffré, homme 1,80 m, barbe."
FACT = "Vol à l'étalage ce matin à Liffré."
_CLICK = re.compile(r'name="envoi" value="([^"]+)"')
_NUMBERS = iter(range(1000))


async def written(
    town: ConsoleTown, author: Member, text: str = MARKED, zone: Zone | None = None
) -> AlertId:
    """As from the poste: held when it describes somebody."""
    audience = Audience(zone or Zone(Level.TERRITORY, author.territory))
    key = f"poste-{next(_NUMBERS)}"
    async with acting(town.store, town.world, town.clock, author.id, key) as step:
        alert = await alerts.submit(step, audience, text)
    assert isinstance(alert, Alert)
    return alert.id


async def officers(town: ConsoleTown) -> tuple[Member, Person]:
    """Who writes, and somebody else who may decide."""
    await town.merchant("Anne")
    author = await town.agent(Role.CHEF_DE_QUART)
    return author, await town.signed_in(await town.agent(Role.GENDARME))


async def click(person: Person, path: str) -> dict[str, str]:
    found = _CLICK.search((await person.get(path)).text)
    assert found is not None
    return {"envoi": found[1]}


def verbs(town: ConsoleTown) -> Sequence[str]:
    return [act.verb for act in town.store.acts]


def stage(town: ConsoleTown, number: AlertId) -> object:
    return town.store.tables.alerts[number].stage


async def test_a_second_person_reads_what_was_noticed_and_lets_it_through(town: ConsoleTown):
    author, second = await officers(town)
    number = await written(town, author)
    page = await second.get("/validations")
    assert "<mark>homme 1,80 m</mark>" in page.text or "<mark>" in page.text
    assert "person-description" in page.text
    assert f"{author.name} (chef de quart)" in page.text
    act = town.store.acts[-1]
    assert (act.verb, act.subject, act.codes) == ("alert.read-waiting", "alertes", ("A1",))
    done = await second.post(f"/alertes/{number}/valider", await click(second, "/validations"))
    assert done.path == f"/alertes/{number}"
    assert "Diffusée" in done.text
    published = stage(town, number)
    assert isinstance(published, Published)
    assert published.approved_by == act.actor
    assert {"alert.approve", "alert.publish"} <= set(verbs(town))
    assert [p.channel for p in town.store.parcels if p.alert] == [Channel.SMS]
    assert "Rien n&#39;attend." in (await second.get("/validations")).text


async def test_the_same_click_twice_decides_once(town: ConsoleTown):
    author, second = await officers(town)
    number = await written(town, author)
    form = await click(second, "/validations")
    for _ in range(2):
        done = await second.post(f"/alertes/{number}/valider", form)
        assert (done.status, done.path) == (200, f"/alertes/{number}")
    assert verbs(town).count("alert.approve") == 1
    assert len([p for p in town.store.parcels if p.alert]) == 1


async def test_a_decision_of_the_poste_is_shown_not_doubled(town: ConsoleTown):
    author, second = await officers(town)
    third = await town.agent(Role.MUNICIPAL_POLICE)
    number = await written(town, author)
    form = await click(second, "/validations")
    async with acting(town.store, town.world, town.clock, third.id, "poste") as step:
        await alerts.stop(step, number, "à vérifier")
    late = await second.post(f"/alertes/{number}/valider", form)
    assert late.status == 409
    assert "plus rapide" in late.text
    assert "Refusée" in late.text
    assert third.name in late.text
    assert "à vérifier" in late.text
    assert isinstance(stage(town, number), Turned)
    assert [p for p in town.store.parcels if p.alert] == []
    part = await second.get(f"/alertes/{number}/etat")
    assert "Refusée" in part.text
    assert "Valider et diffuser" not in part.text


async def test_a_refusal_says_why(town: ConsoleTown):
    author, second = await officers(town)
    number = await written(town, author)
    form = await click(second, f"/alertes/{number}")
    nothing = await second.post(f"/alertes/{number}/refuser", form)
    assert nothing.status == 422
    assert "Dites pourquoi" in nothing.text
    assert isinstance(stage(town, number), Held)
    form |= {"reason": "<b>Description</b> inutile"}
    done = await second.post(f"/alertes/{number}/refuser", form)
    assert "&lt;b&gt;Description" in done.text
    turned = stage(town, number)
    assert isinstance(turned, Turned)
    assert turned.reason == "<b>Description</b> inutile"


async def test_an_author_withdraws_but_never_approves_their_own(town: ConsoleTown):
    author, _ = await officers(town)
    person = await town.signed_in(author)
    number = await written(town, author)
    page = await person.get("/validations")
    assert "Valider et diffuser" not in page.text
    assert "quelqu&#39;un d&#39;autre la valide" in page.text
    form = await click(person, "/validations")
    forced = await person.post(f"/alertes/{number}/valider", form)
    assert forced.status == 403
    assert "ne peut pas la valider" in forced.text
    assert isinstance(stage(town, number), Held)
    await person.post(f"/alertes/{number}/refuser", {**form, "reason": "erreur"})
    assert isinstance(stage(town, number), Turned)


async def test_each_reading_of_a_text_is_noted_and_each_look_is_not(town: ConsoleTown):
    author, second = await officers(town)
    number = await written(town, author, FACT)
    for path, verb in (("/alertes", "alert.read-list"), (f"/alertes/{number}", "alert.read")):
        page = await second.get(path)
        assert FACT in page.text.replace("&#39;", "'")
        assert "no-store" in page.headers["Cache-Control"]
        assert verbs(town)[-1] == verb
        assert FACT not in str(town.store.acts)
    before = len(town.store.acts)
    part = await second.get(f"/alertes/{number}/etat")
    assert FACT not in part.text.replace("&#39;", "'")
    assert "<html" not in part.text
    assert len(town.store.acts) == before


async def test_a_page_left_open_does_not_keep_a_session(town: ConsoleTown):
    author, second = await officers(town)
    number = await written(town, author, FACT)
    await second.get(f"/alertes/{number}")
    for _ in range(3):
        town.clock.advance(timedelta(minutes=11))
        part = await second.get(f"/alertes/{number}/etat")
    assert part.path == "/connexion"


async def test_how_far_it_has_gone_is_counted_by_channel(town: ConsoleTown):
    author, second = await officers(town)
    await town.merchant("Bruno", Channel.SIGNAL)
    number = await written(town, author, FACT)
    became = {Channel.SMS: State.DELIVERED, Channel.SIGNAL: State.UNKNOWN}
    for key, slip in list(town.store.tables.slips.items()):
        if slip.parcel.alert:
            town.store.tables.slips[key] = replace(slip, state=became[slip.parcel.channel])
    part = await second.get(f"/alertes/{number}/etat")
    rows = {
        name: re.findall(r"<td>(.*?)</td>", cells)
        for name, cells in re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', part.text)
    }
    assert rows["Reçu"] == ["–", "–", "1"]
    assert rows["Sort inconnu"] == ["–", "1", "–"]
    assert rows["Échec"] == ["–", "–", "–"]
    assert 'data-still="no"' in part.text, "receipts may come"
    town.clock.advance(timedelta(hours=3))
    again = await town.signed_in(await town.agent(Role.GENDARME))
    assert 'data-still="yes"' in (await again.get(f"/alertes/{number}/etat")).text


async def test_texts_that_wait_for_the_morning_are_sent_now(town: ConsoleTown):
    author, second = await officers(town)
    number = await written(town, author, FACT)
    [key] = [key for key, slip in town.store.tables.slips.items() if slip.parcel.alert]
    assert "SMS différés" not in (await second.get(f"/alertes/{number}")).text
    held_back = replace(town.store.tables.slips[key], code="quiet-hours")
    town.store.tables.slips[key] = held_back
    page = await second.get(f"/alertes/{number}")
    assert "Différé au matin" in page.text
    assert "SMS différés" in page.text
    form = await click(second, f"/alertes/{number}")
    done = await second.post(f"/alertes/{number}/urgence", form)
    assert "Urgente" in done.text
    assert town.store.tables.alerts[number].urgent
    assert "alert.hasten" in verbs(town)


async def test_cancelling_takes_a_reason_and_happens_once(town: ConsoleTown):
    author, second = await officers(town)
    number = await written(town, author, FACT)
    path = f"/alertes/{number}/annuler"
    form = await click(second, f"/alertes/{number}")
    assert (await second.post(path, form)).status == 422
    form |= {"reason": "commune erronée"}
    for _ in range(2):
        done = await second.post(path, form)
        assert "Annulée" in done.text
    assert isinstance(stage(town, number), Cancelled)
    assert verbs(town).count("alert.cancel") == 1
    late = await second.post(path, {**form, "envoi": "autre"})
    assert late.status == 409
    assert "Annulée" in late.text


async def test_a_chief_corrects_what_is_judged_anew(town: ConsoleTown):
    author, gendarme = await officers(town)
    number = await written(town, author, FACT)
    person = await town.signed_in(author)
    path = f"/alertes/{number}/corriger"
    page = await person.get(path)
    assert "ANNULE ET REMPLACE : Vol à l&#39;étalage" in page.text
    assert "corrigée — chef de quart" in page.text
    form = await click(person, path)
    seen = await person.post(f"{path}/apercu", {**form, "text": "Vol hier à Liffré."})
    assert "ANNULE ET REMPLACE : Vol hier à Liffré." in seen.text
    checked = await person.post(f"{path}/verifier", {**form, "text": MARKED})
    assert "attendrait une deuxième personne" in checked.text
    suspicion = "Individus suspects en repérage à Liffré."
    for text, said in ((MARKED, "deuxième personne"), (suspicion, "refusée"), ("", "manque")):
        refused = await person.post(path, {**form, "text": text})
        assert refused.status == 422
        assert said in refused.text
        assert town.store.tables.alerts[number].text == FACT
    again = await person.post(path, {**form, "text": suspicion})
    assert again.status == 422, "the same click, refused the same"
    for _ in range(2):
        done = await person.post(path, {**form, "text": "Vol hier à Liffré."})
        assert done.path == f"/alertes/{number}"
        assert "(v2)" in done.text
    assert verbs(town).count("alert.correct") == 1
    assert (await gendarme.get(path)).status == 403, "others cancel, they do not rewrite"
    form = await click(person, f"/alertes/{number}")
    await person.post(f"/alertes/{number}/annuler", {**form, "reason": "erreur"})
    assert (await person.get(path)).status == 409


@pytest.mark.parametrize("path", ["", "/etat", "/corriger"])
async def test_an_alert_of_another_territory_is_nobody_s(town: ConsoleTown, path: str):
    author, _ = await officers(town)
    number = await written(town, author)
    stranger = await town.signed_in(await town.agent(Role.CHEF_DE_QUART, MANTES))
    for wrong in (f"/alertes/{number}{path}", f"/alertes/404{path}", f"/alertes/x{path}"):
        page = await stranger.get(wrong)
        assert page.status == 404
        assert "homme" not in page.text


async def test_nothing_is_decided_in_another_territory(town: ConsoleTown):
    author, _ = await officers(town)
    held, sent = await written(town, author), await written(town, author, FACT)
    stranger = await town.signed_in(await town.agent(Role.CHEF_DE_QUART, MANTES))
    assert "homme" not in (await stranger.get("/validations")).text
    assert "Aucune alerte." in (await stranger.get("/alertes")).text
    form = {"reason": "non", "text": "Vol hier.", "envoi": "x"}
    for number in (held, sent):
        for act in ("valider", "refuser", "annuler", "urgence", "corriger", "corriger/apercu"):
            page = await stranger.post(f"/alertes/{number}/{act}", form)
            assert page.status == 404, act
    assert isinstance(stage(town, held), Held)
    assert isinstance(stage(town, sent), Published)
    assert town.store.tables.alerts[sent].text == FACT


async def test_an_officer_sees_what_concerns_their_land(town: ConsoleTown):
    author, _ = await officers(town)
    await town.merchant("Bruno", commune="35236")
    redon = await town.agent(Role.MUNICIPAL_POLICE)
    async with town.store.transaction() as tx:
        await tx.members.save(replace(redon, zones=(Zone(Level.COMMUNE, "35236"),)))
    person = await town.signed_in(redon)
    liffre = await written(town, author, MARKED, Zone(Level.COMMUNE, "35152"))
    both = await written(town, author, MARKED, Zone(Level.DEPARTMENT, "35"))
    listed = await person.get("/alertes")
    assert f'href="/alertes/{both}"' in listed.text
    assert f'href="/alertes/{liffre}"' not in listed.text
    assert (await person.get(f"/alertes/{liffre}")).status == 404
    approved = await person.post(f"/alertes/{liffre}/valider", {"envoi": "x"})
    assert approved.status == 404
    assert isinstance(stage(town, liffre), Held)


async def test_the_list_goes_a_page_at_a_time(town: ConsoleTown):
    author, second = await officers(town)
    for minute in range(33):
        await written(town, author, f"Vol à l'étalage à Liffré à 10 h {minute:02}.")
    first = await second.get("/alertes")
    assert first.text.count('<th scope="row">') == 30
    older = re.search(r'href="(/alertes\?avant=\d+)"', first.text)
    assert older is not None
    rest: Page = await second.get(older[1])
    assert rest.text.count('<th scope="row">') == 3
    assert "10 h 00" in rest.text
    assert "avant=" not in rest.text.split("<main")[1].split("</main>")[0]


async def test_an_erased_text_is_said_to_be(town: ConsoleTown):
    author, second = await officers(town)
    number = await written(town, author, FACT)
    town.store.tables.alerts[number] = replace(
        town.store.tables.alerts[number], text="", author=MemberId("gone")
    )
    page = await second.get(f"/alertes/{number}")
    assert "durée de conservation" in page.text
    assert (await second.get("/alertes")).status == 200
