"""Signing a charter in the browser: one link, one person, one code, one text."""

import asyncio
import hashlib
import html
import itertools
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Page
from support.signing import (
    NUMBER,
    a_link,
    a_newcomer,
    code_in,
    filled,
    handed_code,
    send,
    texts_to,
    with_code,
)

from appservice.domain.charter import InForce, NotInForce, sign_bytes
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.signing import BOXES, CODE_LASTS, LINK_LASTS, MOST_CODES, MOST_TRIES
from appservice.domain.telephone.consent import Consent, Stopped
from appservice.flows.charter.signer import Form
from appservice.flows.reconciliation import TOPIC

MINUTE = timedelta(minutes=1)


async def standing(town: ConsoleTown, member: Member) -> Any:
    async with town.store.transaction() as tx:
        signature = await tx.signatures.latest(member.id)
    return town.world.standing(member, signature, town.clock())


async def is_signed(town: ConsoleTown, member: Member) -> bool:
    return isinstance(await standing(town, member), InForce)


def shown_text(page: Page) -> str:
    """What a browser makes of the charter's element (`textContent`)."""
    found = re.search(r'<article id="charter"[^>]*>(.*?)</article>', page.text, re.DOTALL)
    assert found is not None
    return html.unescape(re.sub(r"<[^>]+>", "", found[1]))


@pytest.mark.parametrize("role", [Role.MERCHANT, Role.GENDARME])
async def test_who_holds_the_link_and_the_telephone_signs_what_was_shown(
    town: ConsoleTown, role: Role
):
    mairie = await town.mairie()
    if role is Role.MERCHANT:
        member = await a_newcomer(town)
    else:
        agent = await town.agent(role, signed=False)
        member = await a_newcomer(town, id=agent.id, role=role, shop="", trades=(), commune="")
    path, reader = await a_link(mairie, member), town.visitor()
    page = await reader.get(path)
    charter = town.world.charter_for(member)
    assert charter is not None
    assert shown_text(page) == charter.text
    assert hashlib.sha256(shown_text(page).encode()).hexdigest() == charter.hash
    assert charter.hash in page.text
    assert (await reader.get(f"{path}/charte")).text == charter.text
    assert "•• 42" in page.text
    assert NUMBER not in page.text

    page, code = await with_code(town, reader, path)
    assert "Un code part par SMS au •• 42" in page.text
    assert 'value="Claire Tanguy"' in page.text, "what was typed is still there"
    assert page.text.count(" checked") == 2
    done = await send(reader, path, filled(page, f"{code[:3]} {code[3:]}"))
    assert done.path == f"{path}/fait"
    assert charter.hash in done.text

    async with town.store.transaction() as tx:
        signature = await tx.signatures.latest(member.id)
        evidence = await tx.signatures.evidence(signature)
        assert await tx.signatures.signed_text(charter.hash) == charter
    assert (signature.version, signature.text_hash) == (charter.version, charter.hash)
    assert town.signing.verify(signature)
    assert not town.signing.verify(replace(signature, evidence="")), "the seal covers it"
    assert signature.evidence.encode() in sign_bytes(signature)
    assert (evidence.name, evidence.proof, evidence.number_end) == ("Claire Tanguy", "sms", "42")
    assert evidence.hash == signature.evidence
    assert isinstance(await standing(town, member), InForce)
    assert town.rung == [TOPIC], "invitations leave at once"
    assert [act.verb for act in town.store.acts][-4:-1] == ["charter.link", "charter.code", "sign"]


async def test_the_code_is_the_only_message_before_the_signature(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    assert texts_to(town.store) == []
    _, code = await with_code(town, reader, path)
    [parcel] = [p for p in town.store.parcels if p.member == member.id]
    assert (parcel.channel, parcel.target, parcel.alert) == (Channel.SMS, NUMBER, None)
    assert parcel.expires_at == town.clock() + CODE_LASTS
    assert code in parcel.body
    assert "Liffré" not in parcel.body


async def test_a_link_works_once(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, code = await with_code(town, reader, path)
    form = filled(page, code)
    assert (await send(reader, path, form)).path == f"{path}/fait"
    again = await send(reader, path, form)
    assert (again.status, again.path) == (200, f"{path}/fait"), "a double click is harmless"
    assert len(town.store.tables.signatures) == 2, "the mairie's own, and this one"
    other = town.visitor()
    for answer in (
        await other.get(path),
        await other.get(f"{path}/charte"),
        await send(other, path, {**form, "code": "000000"}),
        await send(other, path, {**form, "code": "", "act": "code"}),
    ):
        assert answer.status == 410
        assert "a déjà servi" in answer.text
        assert "Claire" not in answer.text
    town.clock.advance(timedelta(hours=1))
    assert (await reader.get(f"{path}/fait")).status == 410
    assert (await send(reader, path, form)).status == 410
    assert len(town.store.tables.signatures) == 2


async def test_a_clock_that_runs_shows_what_was_signed(town: ConsoleTown):
    """Each part reads the time for itself."""
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, code = await with_code(town, reader, path)
    form, ticks = filled(page, code), itertools.count(1)

    def running() -> datetime:
        return town.clock() + timedelta(milliseconds=next(ticks))

    assert town.server is not None
    signer = replace(town.server.desk.signer, clock=running)
    wish = Form(form["hash"], frozenset(BOXES), form["name"], code, "fr")
    signed = await signer.sign(path.rpartition("/")[2], wish)
    assert signed is not None
    _, shown = await signer.done(path.rpartition("/")[2])
    assert shown == signed


async def test_a_link_ends_and_can_be_taken_back_or_replaced(town: ConsoleTown):
    mairie, member, reader = await town.mairie(), await a_newcomer(town), town.visitor()
    first = await a_link(mairie, member)
    second = await a_link(mairie, member)
    assert "annulé ou remplacé" in (await reader.get(first)).text
    assert (await reader.get(second)).status == 200
    page = await mairie.get(f"/participants/{member.id}")
    assert "en attente de signature" in page.text
    done = await mairie.post(f"/participants/{member.id}/lien/annuler")
    assert "annulé ou remplacé" in done.text
    gone = await reader.get(second)
    assert (gone.status, "annulé" in gone.text) == (410, True)
    assert (await mairie.post(f"/participants/{member.id}/lien/annuler")).status == 409
    third = await a_link(mairie, member)
    page, code = await with_code(town, reader, third)
    town.clock.advance(LINK_LASTS)
    for late in (await reader.get(third), await send(reader, third, filled(page, code))):
        assert (late.status, "a expiré" in late.text) == (410, True)
    assert not await is_signed(town, member)


async def test_a_link_that_nobody_made_says_nothing(town: ConsoleTown):
    reader = town.visitor()
    page = await reader.get("/signer/nimporte-quoi")
    assert page.status == 410
    assert "Ce lien a déjà servi, a expiré ou a été remplacé" in page.text


async def test_only_a_digest_of_the_link_and_of_the_code_are_kept(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    _, code = await with_code(town, reader, path)
    [link] = town.store.tables.signing_links.values()
    assert path.rpartition("/")[2] not in repr(link)
    assert link.code is not None
    digests = {hashlib.sha256(f"{n:06}".encode()).digest() for n in (int(code), 0)}
    assert link.code.digest not in digests, "keyed: a million codes can't be tried on it"


async def test_a_wrong_code_is_a_try_and_the_fifth_voids_it(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, code = await with_code(town, reader, path)
    wrong = "000000" if code != "000000" else "000001"
    tries = [send(reader, path, filled(page, wrong)) for _ in range(MOST_TRIES)]
    for answer in await asyncio.gather(*tries):  # at once: each of them counts
        assert answer.status == 422
        assert "pas le bon" in html.unescape(answer.text)
    late = await send(reader, path, filled(page, code))
    assert (late.status, "ne vaut plus" in late.text) == (422, True), "the right one, too late"
    assert not await is_signed(town, member)


async def test_a_link_is_locked_once_every_code_is_spent(town: ConsoleTown):
    mairie, member, reader = await town.mairie(), await a_newcomer(town), town.visitor()
    path = await a_link(mairie, member)
    for _ in range(MOST_CODES):
        page, code = await with_code(town, reader, path)
        wrong = "000000" if code != "000000" else "000001"
        for _ in range(MOST_TRIES):
            last = await send(reader, path, filled(page, wrong))
        town.clock.advance(timedelta(minutes=4))
    assert last.status == 410
    assert "ce lien est bloqué" in last.text
    assert ("service", "charter.lock", member.id) in [
        (act.actor, act.verb, act.subject) for act in town.store.acts
    ]
    assert (await send(reader, path, filled(page, code))).status == 410
    assert "bloqué après trop" in (await mairie.get(f"/participants/{member.id}")).text
    assert (await reader.get(await a_link(mairie, member))).status == 200


async def test_a_code_ends_and_another_leaves_a_minute_later_only(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, first = await with_code(town, reader, path)
    soon = await send(reader, path, filled(page, act="code"))
    assert (soon.status, "attendez une minute" in soon.text) == (422, True)
    assert len(texts_to(town.store)) == 1
    town.clock.advance(MINUTE)
    page, second = await with_code(town, reader, path)
    refused = await send(reader, path, filled(page, first))
    assert refused.status == 422, "the former one is void"
    town.clock.advance(CODE_LASTS)
    assert "ne vaut plus" in (await send(reader, path, filled(page, second))).text
    _, third = await with_code(town, reader, path)
    assert (await send(reader, path, filled(page, third))).path == f"{path}/fait"


async def test_new_links_do_not_flood_a_telephone(town: ConsoleTown):
    mairie, member, reader = await town.mairie(), await a_newcomer(town), town.visitor()
    for _ in range(MOST_CODES):
        await with_code(town, reader, await a_link(mairie, member))
    path = await a_link(mairie, member)
    flooded = await send(reader, path, filled(await reader.get(path), act="code"))
    assert flooded.status == 429
    assert len(texts_to(town.store)) == MOST_CODES
    town.clock.advance(timedelta(minutes=15))
    await with_code(town, reader, path)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"boxes": ["read"]}, "professional", "Cochez cette case"),
        ({"boxes": ["professional", "<script>"]}, "read", "Cochez cette case"),
        ({"name": "Jean Dupont"}, "name", "pas le nom"),
        ({"name": ""}, "name", "pas le nom"),
        ({"name": "x" * 200}, "name", "pas le nom"),
        ({"hash": "0" * 64}, "charter", "relisez-le"),
        ({"hash": "é" * 64}, "charter", "relisez-le"),
        ({"code": ""}, "code", "pas le bon"),
        ({"code": "six chiffres"}, "code", "pas le bon"),
    ],
)
async def test_what_is_missing_is_said_where_it_is(
    town: ConsoleTown, changes: dict[str, Any], field: str, said: str
):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, code = await with_code(town, reader, path)
    refused = await send(reader, path, {**filled(page, code), **changes})
    assert refused.status == 422
    assert f'href="#{field}"' in refused.text
    assert said in html.unescape(refused.text)
    assert not await is_signed(town, member)
    assert (await send(reader, path, filled(page, code))).path == f"{path}/fait"


async def test_a_form_without_a_code_is_no_try(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, code = await with_code(town, reader, path)
    for _ in range(MOST_TRIES):
        assert (await send(reader, path, filled(page, ""))).status == 422
    assert (await send(reader, path, filled(page, code))).path == f"{path}/fait"


@pytest.mark.parametrize("name", ["tanguy CLAIRE", "Claire  Tanguy", "Clairé Tanguy"])
async def test_a_name_is_the_same_whatever_its_order_and_accents(town: ConsoleTown, name: str):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, code = await with_code(town, reader, path)
    assert (await send(reader, path, filled(page, code, name=name))).path == f"{path}/fait"


async def test_a_new_version_while_one_reads_is_read_again(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, code = await with_code(town, reader, path)
    assert town.server is not None
    newer = town.world.charter_for(member)
    assert newer is not None
    newer = replace(newer, version="2027-1", text=newer.text + "\nUne ligne <b>de</b> plus.\n")
    charters = {**town.world.charters, newer.id: newer}
    desk = town.server.desk
    signing = replace(desk.signer.signing, world=replace(town.world, charters=charters))
    object.__setattr__(desk, "signer", replace(desk.signer, signing=signing))
    refused = await send(reader, path, filled(page, code))
    assert (refused.status, "relisez-le" in refused.text) == (422, True)
    assert shown_text(refused) == newer.text
    assert " checked" not in refused.text, "what was agreed to was another text"
    assert (await send(reader, path, filled(refused, code))).path == f"{path}/fait"
    async with town.store.transaction() as tx:
        assert (await tx.signatures.latest(member.id)).version == "2027-1"


@pytest.mark.parametrize("phone", [NUMBER, None])
async def test_the_mairie_may_send_the_link_by_its_own_means(town: ConsoleTown, phone: str | None):
    channels = frozenset({Channel.SMS if phone else Channel.MATRIX})
    member = await a_newcomer(town, phone=phone, channels=channels)
    mairie = await town.mairie()
    await mairie.get(f"/participants/{member.id}")
    sheet = await mairie.post(f"/participants/{member.id}/lien")
    address = re.search(r"<code>(http[^<]+/signer/[^<]+)</code>", sheet.text)[1]  # type: ignore[index]
    sent = [html.unescape(one) for one in re.findall(r'href="((?:mailto|sms):[^"]+)"', sheet.text)]
    to = [one.partition("?")[0] for one in sent]
    assert to == (["mailto:", f"sms:{phone}"] if phone else ["mailto:"])
    for one in sent:
        given = parse_qs(one.partition("?")[2], strict_parsing=True)
        assert address in given["body"][0].split()
        assert given.keys() <= {"subject", "body"}
    assert texts_to(town.store) == [], "the service itself writes to nobody"


@pytest.mark.parametrize("without", ["phone", "consent"])
async def test_who_has_no_telephone_is_told_a_code_at_the_desk(town: ConsoleTown, without: str):
    mairie, reader = await town.mairie(), town.visitor()
    if without == "phone":
        member = await a_newcomer(town, phone=None, channels=frozenset({Channel.MATRIX}))
    else:
        member = await a_newcomer(town)
        async with town.store.transaction() as tx:
            stopped = Consent(member.id, Stopped(town.clock()), "STOP")
            await tx.telephone.consents.advance(NUMBER, stopped, None)
    await mairie.get(f"/participants/{member.id}")
    sheet = await mairie.post(f"/participants/{member.id}/lien")
    code = handed_code(sheet)
    path = re.search(r"(/signer/[^<]+)</code>", sheet.text)[1]  # type: ignore[index]
    page = await reader.get(path)
    assert "Recevoir un code" not in page.text
    refused = await send(reader, path, filled(page, act="code"))
    assert (refused.status, "vous a remis le code" in refused.text) == (422, True)
    assert texts_to(town.store) == []
    assert (await send(reader, path, filled(page, code))).path == f"{path}/fait"
    async with town.store.transaction() as tx:
        evidence = await tx.signatures.evidence(await tx.signatures.latest(member.id))
    assert (evidence.proof, evidence.number_end) == ("handed", "")


async def test_a_stop_between_the_link_and_the_code_is_obeyed(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    async with town.store.transaction() as tx:
        stopped = Consent(member.id, Stopped(town.clock()), "STOP")
        await tx.telephone.consents.advance(NUMBER, stopped, None)
    refused = await send(reader, path, filled(await reader.get(path), act="code"))
    assert "a répondu STOP" in refused.text
    assert texts_to(town.store) == []


async def test_who_was_put_out_comes_back_by_a_link_made_since_only(town: ConsoleTown):
    mairie, member, reader = await town.mairie(), await a_newcomer(town), town.visitor()
    await town.sign(member)
    before = await a_link(mairie, member)
    async with town.store.transaction() as tx:  # as a process that died in between leaves it
        await tx.signatures.revoke(member.id, town.clock())
    page, code = await with_code(town, reader, before)
    refused = await send(reader, before, filled(page, code))
    assert (refused.status, "retirée par la mairie" in refused.text) == (403, True)
    assert await standing(town, member) == NotInForce("revoked")

    assert "/readmettre" in (await mairie.get(f"/participants/{member.id}")).text
    since = await a_link(mairie, member, "readmettre")
    town.clock.advance(MINUTE)
    page, code = await with_code(town, reader, since)
    assert (await send(reader, since, filled(page, code))).path == f"{since}/fait"
    assert await is_signed(town, member)
    assert "readmit.offer" in [act.verb for act in town.store.acts]
    [act] = [act for act in town.store.acts if act.verb == "readmit"]
    assert act.actor != member.id, "the mairie is named, who made the link"


async def test_nobody_makes_nor_takes_back_a_link_of_another_land(town: ConsoleTown):
    member, stranger = await a_newcomer(town), await town.mairie(MANTES)
    path = await a_link(await town.mairie(LIFFRE), member)
    await stranger.get("/")
    for end in ("lien", "lien/annuler"):
        assert (await stranger.post(f"/participants/{member.id}/{end}")).status == 404
    assert (await town.visitor().get(path)).status == 200
    chief = await town.signed_in(await town.agent(Role.CHEF_DE_QUART))
    await chief.get("/")
    assert (await chief.post(f"/participants/{member.id}/lien")).status == 403


async def test_another_site_s_form_neither_asks_for_a_code_nor_signs(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    form = {"act": "code", "name": "x"}
    for headers in ({"Origin": "https://ailleurs.fr"}, {}, {"Origin": "null"}):
        assert (await reader.raw("POST", path, data=form, headers=headers)).status == 403
    assert texts_to(town.store) == []


async def test_a_name_typed_as_markup_comes_back_as_text(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    nasty = '"><script>alert(1)</script>'
    page = await send(reader, path, filled(await reader.get(path), name=nasty, act="code"))
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_the_page_and_the_code_are_in_the_reader_s_language(town: ConsoleTown):
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page = await reader.get(f"{path}?langue=de")
    assert "Nur der französische Text ist bindend" in page.text
    assert '<article id="charter" class="charter" lang="fr"' in page.text
    await send(reader, path, filled(page, act="code"))
    assert "ist Ihr Code" in texts_to(town.store)[-1]
    assert code_in(texts_to(town.store)[-1])


async def test_an_erased_member_s_link_opens_nothing(town: ConsoleTown):
    member = await a_newcomer(town)
    path = await a_link(await town.mairie(), member)
    async with town.store.transaction() as tx:
        del tx.members._rows[MemberId(member.id)]
    assert (await town.visitor().get(path)).status == 400


async def test_the_operator_makes_a_link_for_the_mairie_but_lets_nobody_back_in(
    town: ConsoleTown,
):
    assert town.server is not None
    links = town.server.desk.signing_links
    mayor = await town.agent(Role.MAIRIE, signed=False)
    made = await links.make_as_operator(mayor.id)
    assert (await town.visitor().get(f"/signer/{made.token}")).status == 200
    assert made.code == ""
    await town.sign(mayor, revoked_at=town.clock())
    with pytest.raises(PermanentFailure, match="retirée par la mairie"):
        await links.make_as_operator(mayor.id)
    with pytest.raises(PermanentFailure, match="inconnue du registre"):
        await links.make_as_operator(MemberId("personne"))


async def test_without_a_gateway_every_code_is_told_at_the_desk(town: ConsoleTown):
    assert town.server is not None
    member = await a_newcomer(town)
    links = replace(town.server.desk.signing_links, texts=False)
    made = await links.make_as_operator(member.id)
    assert made.link.handed
    reader, path = town.visitor(), f"/signer/{made.token}"
    page = await reader.get(path)
    assert (await send(reader, path, filled(page, made.code))).path == f"{path}/fait"
