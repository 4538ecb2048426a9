"""Coming in: what works once, what locks, what ends."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from support.console import LIFFRE, PASSWORD, ConsoleTown

from appservice.domain.console import Position
from appservice.domain.console.account import SESSION_LASTS, SESSION_RESTS
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import MemberId
from appservice.domain.member import Role
from appservice.flows.console.entry import WINDOW
from appservice.flows.console.presence import TRIES, TRIES_FOR_ONE_LOGIN

HALF = timedelta(seconds=30)


async def test_an_invitation_gives_an_account_and_works_once(town: ConsoleTown):
    member = await town.agent(Role.MAIRIE)
    token = await town.invitations.invite_member("Mairie@Exemple.fr", member.id)
    person = await town.visitor().accept(token)
    assert person.login == "mairie@exemple.fr"
    page = await person.get("/")
    assert "Que voulez-vous faire" in page.text
    again = await town.visitor().get(f"/invitation/{token}")
    assert again.status == 410
    assert "a déjà servi" in again.text
    replayed = await person.post(f"/invitation/{token}", person.credentials())
    assert replayed.status == 410


async def test_looking_at_an_invitation_does_not_use_it(town: ConsoleTown):
    token = await town.invitations.invite("audit", "Dominique", Position.AUDITOR, "")
    person = town.visitor()
    for _ in range(3):
        assert (await person.get(f"/invitation/{token}")).status == 200


async def test_an_invitation_ends_after_two_days(town: ConsoleTown):
    token = await town.invitations.invite("audit", "Dominique", Position.AUDITOR, "")
    town.clock.advance(timedelta(hours=48))
    assert (await town.visitor().get(f"/invitation/{token}")).status == 410


async def test_a_new_invitation_ends_the_former_one_and_renews_the_account(town: ConsoleTown):
    first = await town.outsider(Position.AUDITOR)
    lost = await town.invitations.invite(first.login, "Dominique", Position.AUDITOR, "")
    sent = await town.invitations.invite(first.login, "Dominique", Position.AUDITOR, "")
    assert (await town.visitor().get(f"/invitation/{lost}")).status == 410
    assert (await first.get("/")).path == "/", "the account goes on until the link is used"
    await town.visitor().accept(sent)
    assert (await first.get("/")).path == "/connexion", "whoever held the old phone is out"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("password", "court", "au moins 12 caractères"),
        ("password", "aaaaaaaaaaaaaaaa", "se devine"),
        ("password", "dominique-dominique", "se devine"),
        ("password", "x" * 201, "au plus 200"),
        ("again", "autre chose", "pas les mêmes"),
        ("code", "000000", "pas celui"),
        ("code", "abc", "pas celui"),
    ],
)
async def test_what_is_wrong_with_a_new_credential_is_said_at_its_field(
    town: ConsoleTown, field: str, value: str, said: str
):
    token = await town.invitations.invite("audit", "Dominique", Position.AUDITOR, "")
    person = town.visitor()
    form = {"password": PASSWORD, "again": PASSWORD, "code": "000000", field: value}
    page = await person.post(f"/invitation/{token}", form)
    assert page.status == 422
    assert said in page.text
    assert f'href="#{field}"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert PASSWORD not in page.text
    await person.accept(token)


async def test_signing_in_takes_the_password_and_a_code(town: ConsoleTown):
    person = await town.outsider(Position.AUDITOR)
    await person.get("/")
    await person.post("/deconnexion")
    assert (await person.get("/")).path == "/connexion"
    town.clock.advance(HALF)
    right = {"login": f"  {person.login.upper()} ", "password": PASSWORD, "code": person.code()}
    for wrong in ({"password": PASSWORD + "x"}, {"code": "123456"}, {"login": "personne"}):
        page = await person.post("/connexion", {**right, **wrong})
        assert page.status == 422
        assert "incorrect" in page.text
    assert (await person.post("/connexion", right)).path == "/"


async def test_a_code_works_once(town: ConsoleTown):
    person = await town.outsider(Position.AUDITOR)
    form = {"login": person.login, "password": PASSWORD, "code": person.code()}
    assert (await town.visitor().post("/connexion", form)).status == 422
    town.clock.advance(HALF)
    form["code"] = person.code()
    assert (await town.visitor().post("/connexion", form)).path == "/"
    assert (await town.visitor().post("/connexion", form)).status == 422
    earlier = {**form, "code": person.code(-HALF)}
    assert (await town.visitor().post("/connexion", earlier)).status == 422


async def test_an_account_whose_invitation_was_not_taken_up_opens_nothing(town: ConsoleTown):
    await town.invitations.invite("audit", "Dominique", Position.AUDITOR, "")
    form = {"login": "audit", "password": "", "code": "000000"}
    assert (await town.visitor().post("/connexion", form)).status == 422


async def test_the_door_locks_after_a_few_tries_and_opens_again(town: ConsoleTown):
    person = await town.outsider(Position.AUDITOR)
    town.clock.advance(HALF)
    form = {"login": person.login, "password": PASSWORD, "code": person.code()}
    thief = town.visitor()
    for _ in range(TRIES):
        page = await thief.post("/connexion", {**form, "password": "faux"})
        assert page.status == 422
    page = await thief.post("/connexion", form)
    assert page.status == 429, "even with everything right"
    assert page.headers["Retry-After"] == "900"
    assert "Trop d&#39;essais" in page.text
    town.clock.advance(WINDOW)
    assert (await thief.post("/connexion", {**form, "code": person.code()})).path == "/"


async def test_tries_from_many_places_count_together(town: ConsoleTown):
    presence = town.presence
    refusals = []
    for place in range(TRIES_FOR_ONE_LOGIN + 1):
        try:
            await presence.sign_in("audit", "faux", "000000", f"10.0.0.{place}")
        except Exception as refused:
            refusals.append(type(refused).__name__)
    assert refusals == ["NotRecognised"] * TRIES_FOR_ONE_LOGIN + ["LockedOut"]


async def test_a_session_ends_when_left_alone_and_at_the_end_of_duty(town: ConsoleTown):
    person = await town.outsider(Position.AUDITOR)
    town.clock.advance(SESSION_RESTS - HALF)
    assert (await person.get("/")).path == "/"
    town.clock.advance(SESSION_RESTS)
    assert (await person.get("/")).path == "/connexion"
    person = await town.outsider(Position.OPERATOR)
    for _ in range(SESSION_LASTS // timedelta(minutes=20) - 1):
        town.clock.advance(timedelta(minutes=20))
        assert (await person.get("/")).path == "/"
    town.clock.advance(timedelta(minutes=20))
    assert (await person.get("/")).path == "/connexion"


async def test_signing_out_ends_the_session_for_whoever_copied_the_cookie(town: ConsoleTown):
    person = await town.outsider(Position.AUDITOR)
    await person.get("/")
    cookies = {"maillage": person.cookie}
    thief = town.visitor()
    assert (await thief.get("/", cookies=cookies)).path == "/"
    await person.post("/deconnexion")
    assert (await thief.get("/", cookies=cookies)).path == "/connexion"


async def test_confirming_takes_a_code_that_was_not_used(town: ConsoleTown):
    person = await town.outsider(Position.AUDITOR)
    await person.get("/confirmer?suite=/droits")
    used = await person.post("/confirmer", {"code": person.code(), "suite": "/droits"})
    assert used.status == 422
    town.clock.advance(HALF)
    page = await person.post("/confirmer", {"code": person.code(), "suite": "/droits"})
    assert page.path == "/droits"
    for _ in range(TRIES):
        await person.post("/confirmer", {"code": "000000"})
    town.clock.advance(HALF)
    locked = await person.post("/confirmer", {"code": person.code()})
    assert locked.status == 429


async def test_a_member_whose_charter_is_not_in_force_may_only_read_the_rules(town: ConsoleTown):
    agent = await town.agent(Role.MAIRIE, signed=False)
    person = await town.signed_in(agent)
    page = await person.get("/")
    assert "La charte n&#39;a pas été signée." in page.text
    tiles = page.text.split('<ul class="tiles">')[1].split("</ul>")[0]
    assert re.findall('href="([^"]+)"', tiles) == ["/droits"]


async def test_whoever_leaves_the_register_leaves_the_console(town: ConsoleTown):
    agent = await town.agent(Role.GENDARME)
    person = await town.signed_in(agent)
    del town.store.tables.members[agent.id]
    assert (await person.get("/")).path == "/connexion"


async def test_a_position_follows_the_register(town: ConsoleTown):
    agent = await town.agent(Role.GENDARME)
    person = await town.signed_in(agent)
    async with town.store.transaction() as tx:
        await tx.members.save(replace(agent, role=Role.CHEF_DE_QUART))
    assert "Chef de quart" in (await person.get("/")).text


async def test_nobody_makes_themselves_an_account(town: ConsoleTown):
    stranger = town.visitor()
    page = await stranger.get("/connexion")
    assert "inscri" not in page.text.lower()
    for path in ("/inscription", "/register", "/invitation", "/invitation/"):
        assert (await stranger.get(path)).status == 404


async def test_who_may_be_invited(town: ConsoleTown):
    invitations = town.invitations
    agent, other = await town.agent(Role.MAIRIE), await town.agent(Role.GENDARME)
    await invitations.invite_member("mairie", agent.id)
    merchant = await town.agent(Role.MERCHANT, signed=False)
    for refused in (
        invitations.invite_member("x y", agent.id),
        invitations.invite_member("ab", agent.id),
        invitations.invite_member("mairie", other.id),
        invitations.invite_member("quelqu-un", MemberId("absent")),
        invitations.invite_member("commerce", merchant.id),
        invitations.invite("mairie", "", Position.AUDITOR, ""),
        invitations.invite("autre", "", Position.MAIRIE, LIFFRE),
        invitations.invite("autre", "", Position.AUDITOR, "nulle-part"),
    ):
        with pytest.raises(PermanentFailure):
            await refused


async def test_each_act_of_the_doors_is_in_the_audit_chain(town: ConsoleTown):
    agent = await town.agent(Role.MAIRIE)
    person = await town.signed_in(agent)
    await person.get("/")
    await person.post("/deconnexion")
    town.clock.advance(HALF)
    form = {"login": person.login, "password": PASSWORD, "code": person.code()}
    await person.post("/connexion", form)
    assert [(act.actor, act.verb) for act in town.store.acts] == [
        ("operator", "console-invite"),
        (agent.id, "console-accept"),
        (agent.id, "console-out"),
        (agent.id, "console-in"),
    ]
