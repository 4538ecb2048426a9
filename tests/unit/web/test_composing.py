"""A chef de quart composes an alert: judged as it is typed, sent once, as from the poste."""

import asyncio
import re
from dataclasses import replace

import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Page, Person

from appservice.domain.alert import Held, Published
from appservice.domain.console import Position
from appservice.domain.member import Channel, Role

FACT = "Deux billets de 50 écoulés ce matin à Liffré."
MARKED = "Vol ce matin à Liffré, homme 1,80 m, barbe."
SUSPICION = "Attention : véhicule ou personnes suspectes en repérage à Liffré."
DANGER = "Au secours, un homme armé braque le tabac de Liffré en ce moment."
_CLICK = re.compile(r'name="envoi" value="([^"]+)"')


async def chief(town: ConsoleTown, territory: str = LIFFRE) -> Person:
    return await town.signed_in(await town.agent(Role.CHEF_DE_QUART, territory))


def click_in(page: Page) -> str:
    found = _CLICK.search(page.text)
    assert found is not None
    return found[1]


async def form(person: Person, **fields: str) -> dict[str, str]:
    """The composer as it is opened, then filled."""
    page = await person.get("/alertes/nouvelle")
    assert page.status == 200
    land = {"zone": f"territoire:{LIFFRE}", "text": FACT, "offence": "fausse monnaie"}
    return {**land, "envoi": click_in(page), **fields}


async def test_the_alert_leaves_as_if_it_was_written_in_the_poste(town: ConsoleTown):
    anne = await town.merchant("Anne", Channel.SMS)
    await town.merchant("Bruno", Channel.MATRIX, commune="35236")
    member = await town.agent(Role.CHEF_DE_QUART)
    person = await town.signed_in(member)
    page = await person.post("/alertes/nouvelle", await form(person, witness="la gendarmerie"))
    assert page.path == "/alertes/1"
    [alert] = town.store.tables.alerts.values()
    said = f"Fausse monnaie : {FACT} Constaté par la gendarmerie."
    assert (alert.author, alert.text, alert.territory) == (member.id, said, LIFFRE)
    assert isinstance(alert.stage, Published)
    [sms] = [p for p in town.store.parcels if p.channel is Channel.SMS and p.alert]
    assert (sms.target, sms.body) == (anne.phone, said)
    verbs = [act.verb for act in town.store.acts if act.actor == member.id]
    assert verbs[-3:] == ["alert.submit", "alert.publish", "alert.read"]
    assert f"{member.name} (chef de quart)" in page.text


async def test_a_form_sent_twice_is_one_alert_and_the_same_answer(town: ConsoleTown):
    await town.merchant("Anne")
    person = await chief(town)
    filled = await form(person)
    one, two = await asyncio.gather(
        person.post("/alertes/nouvelle", filled), person.post("/alertes/nouvelle", filled)
    )
    assert (one.path, two.path) == ("/alertes/1", "/alertes/1")
    assert len(town.store.tables.alerts) == 1
    texts = [p for p in town.store.parcels if p.channel is Channel.SMS and p.alert]
    assert len(texts) == 1
    # Mended on the same page: another alert, never swallowed.
    await person.post("/alertes/nouvelle", {**filled, "text": "Vol à l'étalage à Liffré."})
    assert len(town.store.tables.alerts) == 2


async def test_what_needs_a_second_person_waits(town: ConsoleTown):
    await town.merchant("Anne")
    person = await chief(town)
    page = await person.post("/alertes/nouvelle", await form(person, text=MARKED, offence=""))
    assert page.path == "/alertes/1"
    assert "Attend une deuxième personne" in page.text
    assert "<mark>" in page.text
    assert isinstance(town.store.tables.alerts[1].stage, Held)
    assert [p for p in town.store.parcels if p.channel is Channel.SMS] == []
    assert "Valider et diffuser" not in page.text


async def test_a_refused_text_comes_back_with_its_rule_and_is_not_kept(town: ConsoleTown):
    await town.merchant("Anne")
    person = await chief(town)
    filled = await form(person, text=SUSPICION, offence="")
    page = await person.post("/alertes/nouvelle", filled)
    assert page.status == 422
    assert "suspicion-only" in page.text
    assert "repérage" in page.text, "the author may mend it"
    assert town.store.tables.alerts == {}
    assert town.store.acts[-1].verb == "alert.refused-by-rule"
    again = await person.post("/alertes/nouvelle", filled)
    assert again.status == 422
    assert town.store.tables.alerts == {}


async def test_a_danger_goes_to_the_poste_and_its_author_to_the_telephone(town: ConsoleTown):
    await town.merchant("Anne")
    person = await chief(town)
    page = await person.post("/alertes/nouvelle", await form(person, text=DANGER, offence=""))
    assert page.status == 422
    assert "appelez le 17 ou le 112" in page.text
    assert town.store.tables.alerts == {}
    assert [report.emergency for report in town.store.tables.reports.values()] == [True]


async def test_checking_keeps_nothing_and_shows_each_channel(town: ConsoleTown):
    await town.merchant("Anne", Channel.SMS, Channel.SIGNAL)
    await town.merchant("Bruno", Channel.MATRIX, trade="bijoutiers")
    person = await chief(town)
    filled = await form(person, text="Contrôlez l’arrière-boutique, vol à Liffré.", offence="vol")
    acts = len(town.store.acts)
    for path in ("/alertes/verifier", "/alertes/apercu"):
        page = await person.post(path, filled)
        assert page.status == 200
        assert "Cette alerte serait diffusée." in page.text
        assert "Vol : Controlez l&#39;arrière-boutique, vol à Liffré." in page.text, "the SMS"
        assert "Vol : Contrôlez l’arrière-boutique, vol à Liffré." in page.text, "Element, Signal"
        assert "⚠️ Alerte A… — chef de quart" in page.text
        assert "49 / 160 caractères" in page.text
        assert "SMS : 49 / 160 par message, 1 par téléphone, 1 comptés." in page.text
        assert page.text.count("<strong>1</strong>") == 3, "a reader on each channel"
    assert "<html" not in page.text, "the script asks for the part that changes alone"
    only = await person.post("/alertes/apercu", {**filled, "trades": "bijoutiers"})
    assert only.text.count("<strong>1</strong>") == 1
    assert town.store.tables.alerts == {}
    assert len(town.store.acts) == acts
    assert town.store.parcels == []


async def test_an_empty_or_foreign_choice_is_named(town: ConsoleTown):
    person = await chief(town)
    filled = await form(person, text=" ", zone="commune:78361", trades="astronautes",
                        offence="meurtre", witness="ma voisine")  # fmt: skip
    for path in ("/alertes/nouvelle", "/alertes/verifier"):
        page = await person.post(path, filled)
        assert page.status == 422
        for field in ("zone", "trades", "offence", "witness", "text"):
            assert f'href="#{field}"' in page.text
    assert (await person.post("/alertes/apercu", filled)).status == 200
    page = await person.post("/alertes/nouvelle", {**filled, "text": "é" * 1200})
    assert "Le texte est trop long." in page.text
    assert town.store.tables.alerts == {}


async def test_nobody_concerned_is_said_and_the_text_stays(town: ConsoleTown):
    await town.merchant("Anne", commune="78361")
    person = await chief(town)
    filled = await form(person)
    seen = await person.post("/alertes/apercu", filled)
    assert "Personne : aucun commerçant" in seen.text
    page = await person.post("/alertes/nouvelle", filled)
    assert page.status == 422
    assert "rien n&#39;a été diffusé" in page.text
    assert FACT in page.text
    # Once somebody is there, the same page is good for it.
    await town.merchant("Bruno")
    assert (await person.post("/alertes/nouvelle", filled)).path == "/alertes/1"


async def test_suspended_alerts_are_kept_on_the_page(town: ConsoleTown):
    await town.merchant("Anne")
    person = await chief(town)
    filled = await form(person)
    assert town.server is not None
    composing = town.server.desk.composing
    safe = replace(composing.world.settings, suspended=True)
    object.__setattr__(composing, "world", replace(composing.world, settings=safe))
    page = await person.post("/alertes/nouvelle", filled)
    assert page.status == 422
    assert "Les alertes sont suspendues" in page.text
    assert FACT in page.text
    assert town.store.tables.alerts == {}


@pytest.mark.parametrize("role", [Role.MAIRIE, Role.GENDARME, Role.MUNICIPAL_POLICE])
async def test_only_a_chef_de_quart_sends(town: ConsoleTown, role: Role):
    person = await town.signed_in(await town.agent(role))
    page = await person.get("/")
    assert "/alertes/nouvelle" not in page.text
    for path in ("/alertes/nouvelle", "/alertes/verifier", "/alertes/apercu"):
        assert (await person.post(path, {"text": FACT})).status == 403
    assert (await person.get("/alertes/nouvelle")).status == 403
    assert town.store.tables.alerts == {}


async def test_an_auditor_reads_no_alert(town: ConsoleTown):
    auditor = await town.outsider(Position.AUDITOR)
    await auditor.get("/")
    for path in ("/alertes", "/alertes/1", "/alertes/1/etat", "/validations", "/alertes/nouvelle"):
        assert (await auditor.get(path)).status == 403


async def test_a_chef_de_quart_without_charter_sends_nothing(town: ConsoleTown):
    person = await town.signed_in(await town.agent(Role.CHEF_DE_QUART, signed=False))
    await person.get("/droits")
    assert (await person.post("/alertes/nouvelle", {"text": FACT})).status == 403
    assert town.store.tables.alerts == {}


async def test_a_chief_of_one_land_sends_in_that_land_only(town: ConsoleTown):
    await town.merchant("Anne")
    mantes = await town.merchant("Zoé", commune="78361")
    person = await chief(town, MANTES)
    filled = await form(person, zone=f"territoire:{LIFFRE}")
    page = await person.post("/alertes/nouvelle", filled)
    assert page.status == 422
    filled["zone"] = f"territoire:{MANTES}"
    assert (await person.post("/alertes/nouvelle", filled)).path == "/alertes/1"
    targets = {p.target for p in town.store.parcels if p.alert}
    assert targets == {mantes.phone}


@pytest.mark.parametrize("text", ["<script>alert(1)</script> vol", '"><img src=x onerror=a> vol'])
async def test_what_is_typed_is_text_everywhere(town: ConsoleTown, text: str):
    await town.merchant("Anne")
    person = await chief(town)
    filled = await form(person, text=text)
    for path in ("/alertes/verifier", "/alertes/apercu", "/alertes/nouvelle"):
        page = await person.post(path, filled)
        assert text not in page.text
        assert "&lt;" in page.text


async def test_pages_with_a_script_run_ours_alone(town: ConsoleTown):
    person = await chief(town)
    page = await person.get("/alertes/nouvelle")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "no-store" in page.headers["Cache-Control"]
    address = re.search(r'<script src="([^"]+)" defer></script>', page.text)
    assert address is not None
    script = await person.get(address[1])
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in script.headers["Cache-Control"]
    for other in ("/", "/droits", "/alertes"):
        assert "script-src" not in (await person.get(other)).headers["Content-Security-Policy"]
