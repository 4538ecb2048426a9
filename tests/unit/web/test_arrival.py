"""After the signature: one account, one page that leads to it, and nothing that leaks it."""

import asyncio
import logging
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from support.arrival import Keys, a_signer, hand, handed_page, keys_on
from support.console import MANTES, ConsoleTown, Person
from support.signing import a_link, a_newcomer

from appservice.domain.errors import InvalidTransition, PermanentFailure, TemporaryFailure
from appservice.domain.ids import MemberId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.signing import AFTER_SIGNING, ON_PAPER, account_name, password_of
from appservice.flows.arrival.arriving import MOST_LOOKS, Opened
from appservice.flows.arrival.handing import MOST_PAGES
from appservice.flows.reconciliation import TOPIC
from appservice.web.languages import NAMES

NASTY = "<script>alert(1)</script>\"'&"


async def known(town: ConsoleTown, member: Member) -> Member:
    async with town.store.transaction() as tx:
        found = await tx.members.get(member.id)
    assert found is not None
    return found


async def shown(person: Person, path: str) -> Keys:
    page = await person.get(path)
    assert page.status == 200, page.text
    keys = keys_on(page)
    assert keys is not None, page.text
    return keys


def verbs(town: ConsoleTown) -> list[str]:
    return [act.verb for act in town.store.acts]


async def test_whoever_signs_is_given_an_account_that_says_nothing_of_them(town: ConsoleTown):
    member, path = await a_signer(town)
    town.rung.clear()
    keys = await shown(town.visitor(), path)
    assert keys.server == "maillage.test"
    assert re.fullmatch(r"@m\d{8}:maillage\.test", keys.user)
    assert town.accounts.passwords == {UserId(keys.user): keys.password}
    assert town.accounts.names == {UserId(keys.user): "Tabac de la Halle"}, "as others read it"
    assert (await known(town, member)).mxid == keys.user
    assert town.rung == [TOPIC], "invitations leave at once"
    assert verbs(town)[-1] == "account.make"


async def test_every_look_shows_the_same_until_somebody_is_inside(town: ConsoleTown):
    _, path = await a_signer(town)
    reader = town.visitor()
    first = await shown(reader, path)
    assert await shown(town.visitor(), path) == first
    assert len(town.accounts.given) == 1, "looking again changes nothing"
    town.accounts.sign_in(first.user, first.password)
    page = await reader.get(path)
    assert first.user in page.text
    assert first.password not in page.text
    assert keys_on(page) is None


@pytest.mark.parametrize("looks", [1, 3])
async def test_killed_between_the_account_and_the_page_it_is_found_again(
    town: ConsoleTown, looks: int
):
    member, path = await a_signer(town)

    def dies() -> None:
        raise RuntimeError("killed")

    town.accounts.dies = dies
    for _ in range(looks):
        assert (await town.visitor().get(path)).status == 500
    assert (await known(town, member)).mxid is None, "nothing says that it is theirs yet"
    [made] = town.accounts.passwords
    town.accounts.dies = lambda: None
    keys = await shown(town.visitor(), path)
    assert keys.user == made, "not a second one"
    assert town.accounts.passwords == {made: keys.password}
    assert (await known(town, member)).mxid == made
    assert verbs(town).count("account.make") == 1


async def test_looks_at_the_same_time_make_one_account(town: ConsoleTown):
    _, path = await a_signer(town)
    pages = await asyncio.gather(*(shown(town.visitor(), path) for _ in range(5)))
    assert len(set(pages)) == 1
    assert len(town.accounts.passwords) == 1
    assert verbs(town).count("account.make") == 1


async def test_a_name_that_somebody_has_is_not_taken_over(town: ConsoleTown):
    _, path = await a_signer(town)
    ids = iter(["one", "one", "two"])
    theirs = UserId(f"@{account_name('one')}:maillage.test")
    town.accounts.passwords[theirs] = "theirs"
    assert town.server is not None
    arriving = replace(town.server.desk.arriving, new_id=lambda: next(ids))
    access = await arriving.access(path.rpartition("/")[2])
    assert isinstance(access, Opened)
    assert access.user == f"@{account_name('two')}:maillage.test"
    assert town.accounts.passwords[theirs] == "theirs"


async def test_the_link_ends_and_nobody_else_s_opens_it(town: ConsoleTown):
    member, path = await a_signer(town)
    other, others = await a_signer(town, phone="+33639980043", shop="Bar du Port")
    mine, theirs = await shown(town.visitor(), path), await shown(town.visitor(), others)
    assert mine.user != theirs.user
    assert mine.password != theirs.password
    assert other.shop not in (await town.visitor().get(path)).text
    stranger = town.visitor()
    for wrong in ("/arrivee/x", f"{path}x", f"/arrivee/{member.id}", path[:-1]):
        page = await stranger.get(wrong)
        assert page.status == 410
        assert "Claire" not in page.text
    town.clock.advance(AFTER_SIGNING)
    late = await stranger.get(path)
    assert (late.status, keys_on(late)) == (410, None)


async def test_whoever_is_put_out_is_led_nowhere(town: ConsoleTown):
    member, path = await a_signer(town)
    async with town.store.transaction() as tx:
        await tx.signatures.revoke(member.id, town.clock())
    page = await town.visitor().get(path)
    assert page.status == 410
    assert "retirée" in page.text
    assert town.accounts.passwords == {}


async def test_a_link_to_sign_by_leads_nowhere_before_the_signature(town: ConsoleTown):
    member = await a_newcomer(town, channels=frozenset({Channel.MATRIX}))
    path = await a_link(await town.mairie(), member)
    page = await town.visitor().get(path.replace("/signer/", "/arrivee/"))
    assert page.status == 410
    assert town.accounts.passwords == {}


async def test_the_page_is_kept_nowhere_and_told_to_nobody(town: ConsoleTown):
    _, path = await a_signer(town)
    page = await town.visitor().get(path)
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    elsewhere = re.findall(r'<a [^>]*href="(https://[^"]+)"[^>]*>', page.text)
    assert elsewhere
    for tag in re.findall(r'<a [^>]*href="https://[^>]*>', page.text):
        assert 'rel="noreferrer noopener"' in tag
    keys = keys_on(page)
    assert keys is not None
    assert not any(keys.password in address for address in elsewhere)
    token = path.rpartition("/")[2]
    assert not any(token in address for address in elsewhere)


async def test_element_is_opened_with_its_server_and_account(town: ConsoleTown):
    _, path = await a_signer(town)
    page = await town.visitor().get(path)
    keys = keys_on(page)
    assert keys is not None
    found = re.search(r'href="(https://mobile\.element\.io/[^"]+)"', page.text)
    assert found is not None
    parts = urlsplit(found[1].replace("&amp;", "&"))
    assert parts.path == "/element/", "Android asks for the last slash"
    assert parse_qs(parts.query) == {
        "account_provider": ["maillage.test"],
        "login_hint": [f"mxid:{keys.user}"],
    }


async def test_no_password_is_written_anywhere(
    town: ConsoleTown, caplog: pytest.LogCaptureFixture
):
    member, path = await a_signer(town)
    with caplog.at_level(logging.DEBUG):
        first = await shown(town.visitor(), path)
        page = await hand(await town.mairie(), member, "mot-de-passe")
        second = await shown(town.visitor(), handed_page(page))
    kept = repr(town.store.tables) + caplog.text
    for secret in (first.password, second.password, path.rpartition("/")[2]):
        assert secret not in kept
        assert secret.replace("-", "") not in kept


@pytest.mark.parametrize("where", ["shop", "name"])
async def test_names_are_shown_as_they_are_written(town: ConsoleTown, where: str):
    member, path = await a_signer(town)
    await shown(town.visitor(), path)
    renamed = replace(await known(town, member), **{where: NASTY})
    async with town.store.transaction() as tx:
        await tx.members.save(renamed)
    mairie = await town.mairie()
    pages = [await town.visitor().get(path), await mairie.get(f"/participants/{member.id}")]
    pages.append(await mairie.get(f"/participants/{member.id}/mot-de-passe"))
    pages.append(await hand(mairie, member))
    for page in pages:
        assert page.status == 200, page.text
        assert "<script>alert" not in page.text


async def test_a_page_is_not_asked_for_for_ever(town: ConsoleTown):
    _, path = await a_signer(town)
    for _ in range(MOST_LOOKS):
        assert (await town.visitor().get(path)).status == 200
    assert (await town.visitor().get(path)).status == 429
    mairie = await town.mairie()
    other, _ = await a_signer(town, phone="+33639980043", shop="Bar du Port")
    await mairie.get(f"/participants/{other.id}")
    pages = [await mairie.post(f"/participants/{other.id}/arrivee") for _ in range(MOST_PAGES + 1)]
    assert [page.status for page in pages] == [200] * MOST_PAGES + [429]


async def test_a_homeserver_that_is_down_is_said_and_asked_again(town: ConsoleTown):
    member, path = await a_signer(town)

    def down(_verb: str) -> None:
        raise TemporaryFailure("Le serveur Matrix ne répond pas.")

    town.accounts.fails = down
    assert (await town.visitor().get(path)).status == 503
    assert (await known(town, member)).mxid is None
    town.accounts.fails = lambda verb: None
    assert await shown(town.visitor(), path)


async def test_where_accounts_can_t_be_made_the_other_channels_still_lead_on(town: ConsoleTown):
    _, path = await a_signer(town, channels=frozenset({Channel.MATRIX, Channel.SMS}))

    def refused(_verb: str) -> None:
        raise PermanentFailure("M_FORBIDDEN")

    town.accounts.fails = refused
    page = await town.visitor().get(path)
    assert page.status == 200
    assert keys_on(page) is None
    assert "Demandez-le à la mairie" in page.text
    assert "Répondez OUI" in page.text


async def test_an_account_of_one_s_own_is_never_touched(town: ConsoleTown):
    member, path = await a_signer(town, mxid=UserId("@claire:maillage.test"))
    page = await town.visitor().get(path)
    assert "@claire:maillage.test" in page.text
    assert keys_on(page) is None
    mairie = await town.mairie()
    assert "mot-de-passe" not in (await mairie.get(f"/participants/{member.id}")).text
    refused = await hand(mairie, member, "mot-de-passe")
    assert refused.status == 409
    assert (await mairie.get(f"/participants/{member.id}/mot-de-passe")).status == 409
    assert town.accounts.given == []


async def test_a_lost_paper_is_replaced_and_the_old_one_dies(town: ConsoleTown):
    member, path = await a_signer(town)
    first = await shown(town.visitor(), path)
    page = await hand(await town.mairie(), member)
    assert page.status == 200
    assert first.password not in page.text
    dead = await town.visitor().get(path)
    assert dead.status == 410
    again = await shown(town.visitor(), handed_page(page))
    assert again.user == first.user
    assert again.password != first.password
    assert town.accounts.passwords[UserId(again.user)] == again.password, "the old one is dead"
    assert "arrival.hand" in verbs(town)
    town.clock.advance(ON_PAPER)
    assert (await town.visitor().get(handed_page(page))).status == 410


async def test_a_new_paper_signs_nobody_out(town: ConsoleTown):
    member, path = await a_signer(town)
    keys = await shown(town.visitor(), path)
    town.accounts.sign_in(keys.user, keys.password)
    page = await hand(await town.mairie(), member)
    assert UserId(keys.user) in town.accounts.devices
    assert town.accounts.passwords[UserId(keys.user)] == keys.password
    assert keys_on(await town.visitor().get(handed_page(page))) is None


async def test_a_forgotten_password_is_replaced_with_a_code_and_telephones_signed_out(
    town: ConsoleTown,
):
    member, path = await a_signer(town)
    keys = await shown(town.visitor(), path)
    town.accounts.sign_in(keys.user, keys.password)
    mairie = await town.mairie()
    town.clock.advance(timedelta(minutes=6))
    where = f"/participants/{member.id}/mot-de-passe"
    assert (await mairie.get(where)).path == "/confirmer"
    assert (await mairie.post(where)).status == 403
    assert UserId(keys.user) in town.accounts.devices
    back = await mairie.post("/confirmer", {"code": mairie.code(), "suite": where})
    assert (back.path, keys.user in back.text) == (where, True)
    page = await mairie.post(where)
    assert page.status == 200
    assert town.accounts.devices == set(), "at once"
    again = await shown(town.visitor(), handed_page(page))
    assert (again.user, again.password == keys.password) == (keys.user, False)
    assert (await town.visitor().get(path)).status == 410
    [act] = [act for act in town.store.acts if act.verb == "account.reset"]
    assert (act.subject, act.territory) == (member.id, member.territory)
    assert act.actor not in ("service", "operator", member.id)


async def test_a_password_that_could_not_be_replaced_is_said_to_stand(town: ConsoleTown):
    member, path = await a_signer(town)
    keys = await shown(town.visitor(), path)
    town.accounts.sign_in(keys.user, keys.password)
    mairie = await town.mairie()

    def refused(verb: str) -> None:
        if verb == "give":
            raise PermanentFailure("M_FORBIDDEN")

    town.accounts.fails = refused
    page = await hand(mairie, member, "mot-de-passe")
    assert page.status == 409
    assert "vaut encore" in page.text


async def test_only_the_mairie_of_that_land_and_for_those_who_signed(town: ConsoleTown):
    member, path = await a_signer(town)
    await shown(town.visitor(), path)
    other = await town.mairie(MANTES)
    gendarme = await town.signed_in(await town.agent(Role.GENDARME))
    for what in ("arrivee", "mot-de-passe"):
        await other.get("/")
        assert (await other.post(f"/participants/{member.id}/{what}")).status == 404
        await gendarme.get("/")
        assert (await gendarme.post(f"/participants/{member.id}/{what}")).status == 403
    assert (await other.get(f"/participants/{member.id}/mot-de-passe")).status == 404
    unsigned = await a_newcomer(town, phone="+33639980044", shop="Bar du Port")
    mairie = await town.mairie()
    assert "Remettre la page" not in (await mairie.get(f"/participants/{unsigned.id}")).text
    assert (await hand(mairie, unsigned)).status == 409
    assert (await mairie.post("/participants/nobody/arrivee")).status == 404
    assert len(town.accounts.given) == 1


async def test_the_operator_hands_one_over_too(town: ConsoleTown):
    member, path = await a_signer(town)
    assert town.server is not None
    handing = town.server.desk.handing
    handed = await handing.hand_as_operator(member.id)
    assert (await town.visitor().get(path)).status == 410
    assert await shown(town.visitor(), f"/arrivee/{handed.token}")
    [act] = [act for act in town.store.acts if act.verb == "arrival.hand"]
    assert (act.actor, act.subject) == ("operator", member.id)
    unsigned = await a_newcomer(town, phone="+33639980044", shop="Bar du Port")
    with pytest.raises(InvalidTransition):
        await handing.hand_as_operator(unsigned.id)
    with pytest.raises(PermanentFailure):
        await handing.hand_as_operator(MemberId("personne"))


async def test_a_form_of_another_site_does_nothing(town: ConsoleTown):
    member, path = await a_signer(town)
    await shown(town.visitor(), path)
    mairie = await town.mairie()
    await mairie.get(f"/participants/{member.id}")
    for what in ("arrivee", "mot-de-passe"):
        where = f"/participants/{member.id}/{what}"
        evil = {"Origin": "https://ailleurs.example"}
        assert (await mairie.post(where, headers=evil)).status == 403
        assert (await mairie.post(where, {"jeton": "0" * 64})).status == 403
    assert (await town.visitor().get(path)).status == 200


async def test_each_channel_has_its_way(town: ConsoleTown):
    every = frozenset(Channel)
    _, path = await a_signer(town, channels=every)
    page = await town.visitor().get(path)
    places = [page.text.index(f'id="{name}"') for name in ("element", "signal", "sms")]
    assert places == sorted(places)
    assert "https://signal.me/#p/+33639980000" in page.text
    assert "•• 42" in page.text
    assert "+33639980042" not in page.text
    _, texts = await a_signer(
        town, channels=frozenset({Channel.SMS}), phone="+33639980043", shop="Bar du Port"
    )
    plain = await town.visitor().get(texts)
    assert 'id="element"' not in plain.text
    assert 'id="signal"' not in plain.text
    assert len(town.accounts.given) == 1, "no account for whoever wants none"


@pytest.mark.parametrize("language", NAMES)
async def test_the_walk_is_six_screens_in_every_language(town: ConsoleTown, language: str):
    _, path = await a_signer(town)
    page = await town.visitor().get(f"{path}?langue={language}")
    found = re.search(r'<ol class="screens" id="walk">(.*?)</ol>', page.text, re.DOTALL)
    assert found is not None
    assert found[1].count("<li>") == 6
    assert f'<html lang="{language}"' in page.text


def test_a_password_comes_from_the_link_and_the_account_alone():
    user = UserId("@m1:maillage.test")
    assert password_of("token", user) == password_of("token", user)
    seen = {password_of(f"token{n}", user) for n in range(500)}
    seen |= {password_of("token", UserId(f"@m{n}:maillage.test")) for n in range(2, 500)}
    assert len(seen) == 998
    for password in seen:
        assert re.fullmatch(r"([2-9a-hjkmnp-z]{4}-){2}[2-9a-hjkmnp-z]{4}", password), password


def test_a_name_tells_nothing_and_is_well_spread():
    names = {account_name(str(n)) for n in range(2000)}
    assert len(names) == 2000
    assert all(re.fullmatch(r"m\d{8}", name) for name in names)
    assert MemberId("m1") not in names
