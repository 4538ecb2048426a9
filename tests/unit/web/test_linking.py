"""An account that one has already: proved by a code that came to it, or not linked."""

import asyncio
from dataclasses import replace

import pytest
from support.arrival import a_signer, keys_on
from support.console import LIFFRE, ConsoleTown, Page, Person

from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.ids import UserId
from appservice.domain.member import Channel, Member
from appservice.domain.signing import AFTER_SIGNING, CLAIM_LASTS
from appservice.flows.arrival.linking import MOST_ASKS, MOST_CODES, MOST_KNOCKS
from appservice.flows.arrival.tidying import Tidying
from appservice.flows.reconciliation import TOPIC

THEIRS = UserId("@jeanne:maillage.test")


@pytest.fixture
def theirs(town: ConsoleTown) -> UserId:
    """Somebody's account, older than Maillage."""
    town.accounts.passwords[THEIRS] = "their own"
    return THEIRS


async def mxid(town: ConsoleTown, member: Member) -> UserId | None:
    async with town.store.transaction() as tx:
        found = await tx.members.get(member.id)
    assert found is not None
    return found.mxid


async def ask(person: Person, path: str, typed: str = THEIRS) -> Page:
    return await person.post(f"{path}/compte", {"act": "ask", "mxid": typed})


async def prove(person: Person, path: str, code: str) -> Page:
    return await person.post(f"{path}/compte", {"act": "prove", "code": code})


def code_of(town: ConsoleTown, user: UserId = THEIRS) -> str:
    """What the account reads in its list of invitations."""
    name = [name for to, name in town.introductions.sent if to == user][-1]
    return name.partition(":")[2].strip()


def tidying(town: ConsoleTown) -> Tidying:
    return Tidying(town.store, town.clock, town.introductions, town.accounts)


@pytest.mark.parametrize("typed", [THEIRS, "jeanne", "@jeanne", " Jeanne "])
async def test_the_code_that_came_to_an_account_links_it(
    town: ConsoleTown, theirs: UserId, typed: str
):
    member, path = await a_signer(town)
    reader = town.visitor()
    keys = keys_on(await reader.get(path))
    assert keys is not None
    page = await ask(reader, path, typed)
    assert "Regardez vos invitations" in page.text
    code = code_of(town)
    assert code.replace(" ", "") not in page.text.replace(" ", "")
    assert await mxid(town, member) == keys.user, "asking links nothing"
    town.rung.clear()
    done = await prove(reader, path, code)
    assert (done.status, done.path) == (200, path)
    assert await mxid(town, member) == theirs
    assert theirs in done.text
    assert "Recevoir un code" not in done.text
    assert keys_on(done) is None, "the account of ours is nobody's now"
    assert town.rung == [TOPIC], "rooms follow at once"
    assert town.introductions.rooms == {}, "the invitation went away by itself"
    assert town.store.acts[-1].verb == "account.link"
    await tidying(town).once()
    assert town.accounts.closed == [UserId(keys.user)]
    assert town.store.acts[-1].verb == "account.close"
    await tidying(town).once()
    assert town.accounts.closed == [UserId(keys.user)], "once"
    assert theirs in town.accounts.passwords, "theirs stays as it was"


async def test_a_wrong_code_links_nothing_and_a_good_one_serves_once(
    town: ConsoleTown, theirs: UserId
):
    member, path = await a_signer(town)
    reader = town.visitor()
    await reader.get(path)
    before = await mxid(town, member)
    await ask(reader, path)
    code = code_of(town)
    for wrong in ("", "12345", "000 000" if code != "000 000" else "111 111", "ééé", code[:-1]):
        page = await prove(reader, path, wrong)
        assert page.status == 422
        assert "Ce n&#39;est pas ce code" in page.text
    assert await mxid(town, member) == before
    assert (await prove(reader, path, code)).status == 200
    again = await prove(reader, path, code)
    assert (again.status, await mxid(town, member)) == (409, theirs)


async def test_a_code_ends_and_a_newer_one_takes_its_place(town: ConsoleTown, theirs: UserId):
    member, path = await a_signer(town)
    reader = town.visitor()
    await ask(reader, path)
    first = code_of(town)
    town.clock.advance(CLAIM_LASTS)
    late = await prove(reader, path, first)
    assert late.status == 422
    assert "n&#39;est plus valable" in late.text
    assert "Relier ce compte" not in late.text, "it has to be asked for again"
    await ask(reader, path)
    newer = code_of(town)
    assert newer != first
    assert (await prove(reader, path, first)).status == 422
    assert (await prove(reader, path, newer)).status == 200
    assert await mxid(town, member) == theirs


async def test_a_code_serves_on_its_own_page_alone(town: ConsoleTown, theirs: UserId):
    one, path = await a_signer(town)
    other, others = await a_signer(town, phone="+33639980043", shop="Bar du Port")
    for place in (path, others):
        await town.visitor().get(place)
    before = await mxid(town, one), await mxid(town, other)
    await ask(town.visitor(), path)
    assert (await prove(town.visitor(), others, code_of(town))).status == 422
    assert (await mxid(town, one), await mxid(town, other)) == before


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Écrivez l&#39;identifiant"),
        ("@jeanne:matrix.org", "est sur un autre serveur Matrix"),
        ("jeanne:matrix.org", "est sur un autre serveur Matrix"),
        ("@<script>:maillage.test", "s&#39;écrit @nom:serveur"),
        ("@a b:maillage.test", "s&#39;écrit @nom:serveur"),
        ("@" + "a" * 260 + ":maillage.test", "s&#39;écrit @nom:serveur"),
    ],
)
async def test_what_is_no_account_of_ours_is_said(town: ConsoleTown, typed: str, said: str):
    _, path = await a_signer(town)
    page = await ask(town.visitor(), path, typed)
    assert page.status == 422
    assert said in page.text
    assert "<script>" not in page.text
    assert town.introductions.sent == []


@pytest.mark.parametrize("commune", ["35152", "78361"], ids=["same land", "another land"])
async def test_nothing_tells_who_takes_part_nor_who_exists(
    town: ConsoleTown, theirs: UserId, commune: str
):
    """Of a participant, a stranger and nobody, the page says the same; one alone is written to."""
    _, path = await a_signer(town)
    taken = (await town.merchant("Martin", Channel.MATRIX, commune=commune)).mxid
    assert taken is not None
    town.accounts.passwords[taken] = "theirs"
    said = set()
    for user in (taken, UserId("@personne:maillage.test"), theirs):
        page = await ask(town.visitor(), path, user)
        assert page.status == 200
        said.add(page.text.replace(user, "USER"))
    assert len(said) == 1
    assert [user for user, _ in town.introductions.sent] == [theirs]


async def test_whoever_was_enrolled_with_that_account_meanwhile_keeps_it(
    town: ConsoleTown, theirs: UserId
):
    member, path = await a_signer(town)
    reader = town.visitor()
    await ask(reader, path)
    other = await town.merchant("Jeanne", Channel.MATRIX)
    assert other.mxid == theirs
    page = await prove(reader, path, code_of(town))
    assert page.status == 422
    assert await mxid(town, member) != theirs


async def test_whoever_is_signed_in_or_known_asks_the_mairie(town: ConsoleTown, theirs: UserId):
    _, path = await a_signer(town)
    keys = keys_on(await town.visitor().get(path))
    assert keys is not None
    await ask(town.visitor(), path)
    town.accounts.sign_in(keys.user, keys.password)
    page = await town.visitor().get(path)
    assert "Recevoir un code" not in page.text
    for refused in (
        await ask(town.visitor(), path),
        await prove(town.visitor(), path, code_of(town)),
    ):
        assert refused.status == 409
        assert "dites-le à la mairie" in refused.text
    assert UserId(keys.user) not in town.accounts.closed


async def test_who_did_not_choose_element_links_nothing(town: ConsoleTown, theirs: UserId):
    _, path = await a_signer(town, channels=frozenset({Channel.SMS}))
    assert "déjà un compte Matrix" not in (await town.visitor().get(path)).text
    assert (await ask(town.visitor(), path)).status == 409


async def test_a_dead_page_links_nothing(town: ConsoleTown, theirs: UserId):
    member, path = await a_signer(town)
    await town.visitor().get(path)
    before = await mxid(town, member)
    await ask(town.visitor(), path)
    code = code_of(town)
    for wrong in ("/arrivee/x", path[:-1]):
        assert (await ask(town.visitor(), wrong)).status == 410
        assert (await prove(town.visitor(), wrong, code)).status == 410
    town.clock.advance(AFTER_SIGNING)
    assert (await prove(town.visitor(), path, code)).status == 410
    assert await mxid(town, member) == before


async def test_asking_and_guessing_are_counted(town: ConsoleTown, theirs: UserId):
    _, path = await a_signer(town)
    pages = [await ask(town.visitor(), path) for _ in range(MOST_ASKS + 1)]
    assert [page.status for page in pages] == [200] * MOST_ASKS + [429]
    code = code_of(town)
    wrong = [await prove(town.visitor(), path, "1") for _ in range(MOST_CODES)]
    assert {page.status for page in wrong} == {422}
    assert (await prove(town.visitor(), path, code)).status == 429, "even the good one"


async def test_nobody_is_flooded_with_invitations_by_many_pages(town: ConsoleTown, theirs: UserId):
    for n in range(MOST_KNOCKS + 1):
        _, path = await a_signer(town, phone=f"+336399800{50 + n}", shop=f"Boutique {n}")
        page = await ask(town.visitor(), path)
        assert page.status == (200 if n < MOST_KNOCKS else 429)
    assert len(town.introductions.sent) == MOST_KNOCKS


async def test_two_hands_on_one_code_link_once(town: ConsoleTown, theirs: UserId):
    member, path = await a_signer(town)
    await ask(town.visitor(), path)
    code = code_of(town)
    pages = await asyncio.gather(*(prove(town.visitor(), path, code) for _ in range(4)))
    assert [page.status for page in pages].count(200) == 1
    assert await mxid(town, member) == theirs
    assert [act.verb for act in town.store.acts].count("account.link") == 1


@pytest.mark.parametrize(
    ("failure", "status"),
    [(TemporaryFailure("en panne"), 503), (PermanentFailure("refusé"), 422)],
)
async def test_a_homeserver_that_does_not_bring_the_code_is_said(
    town: ConsoleTown, theirs: UserId, failure: Exception, status: int
):
    _, path = await a_signer(town)

    def fails(verb: str) -> None:
        raise failure

    town.introductions.fails = fails
    assert (await ask(town.visitor(), path)).status == status
    town.introductions.fails = lambda verb: None
    assert (await ask(town.visitor(), path)).status == 200
    assert code_of(town)


async def test_invitations_of_past_codes_are_taken_back_whatever_fails_first(
    town: ConsoleTown, theirs: UserId
):
    _, path = await a_signer(town)
    await ask(town.visitor(), path)
    await tidying(town).once()
    assert town.introductions.rooms, "its time is not over"
    town.clock.advance(CLAIM_LASTS)

    def fails(verb: str) -> None:
        raise TemporaryFailure("en panne")

    town.introductions.fails = fails
    await tidying(town).once()
    assert town.store.tables.claims
    town.introductions.fails = lambda verb: None
    await tidying(town).once()
    assert town.introductions.rooms == {}
    assert town.store.tables.claims == {}


async def test_killed_after_the_proof_the_rest_is_done_later(town: ConsoleTown, theirs: UserId):
    member, path = await a_signer(town)
    keys = keys_on(await town.visitor().get(path))
    assert keys is not None
    await ask(town.visitor(), path)

    def dies(verb: str) -> None:
        if verb == "withdraw":
            raise RuntimeError("killed")

    town.introductions.fails = dies
    assert (await prove(town.visitor(), path, code_of(town))).status == 500
    assert await mxid(town, member) == theirs, "what was proved is written"
    town.introductions.fails = lambda verb: None
    await tidying(town).once()
    assert town.introductions.rooms == {}
    assert town.accounts.closed == [UserId(keys.user)]


async def test_in_a_test_phase_nobody_off_the_list_is_written_to(
    town: ConsoleTown, theirs: UserId
):
    _, path = await a_signer(town)
    lands = dict(town.world.territories)
    lands[LIFFRE] = replace(lands[LIFFRE], test_list=frozenset({"+33639980001"}))
    assert town.server is not None
    desk = town.server.desk
    world = replace(town.world, territories=lands)
    linking = replace(desk.linking, arriving=replace(desk.arriving, world=world))
    assert not await linking.is_possible(path.rpartition("/")[2])
