"""Every position at every route of the console over PostgreSQL, against the rights matrix."""

import re
from collections import defaultdict

import pytest
from support.console import LIFFRE, ConsoleTown
from support.ratings import COMMENT, rated

from appservice.domain.console import HOLDERS, Position, Right, position_of
from appservice.domain.errors import PermanentFailure
from appservice.domain.member import Role
from appservice.web.routes import ROUTES

RULES, COUNTS, PROTOCOL = "/droits", "/indicateurs", "/protocole"
LANDS = {"/journal", "/journal.csv", "/journal.jsonl"}
FORCES = {
    "/portee", "/validations", "/alertes", "/alertes/{alert}", "/alertes/{alert}/etat",
    "/signalements/{report}/etat", "/signalements/{report}/photos/{photo}", "/dossier",
}  # fmt: skip
SENDING = {"/alertes/nouvelle", "/alertes/{alert}/corriger"}
PAGES = {
    Position.PREFECTURE: {COUNTS, PROTOCOL},
    Position.ASSOCIATION: {COUNTS, "/formation"},
    Position.AUDITOR: {COUNTS, PROTOCOL, *LANDS},
    Position.OPERATOR: {COUNTS, PROTOCOL},
    Position.MUNICIPAL_POLICE: {COUNTS, PROTOCOL, *FORCES},
    Position.NATIONAL_POLICE: {COUNTS, PROTOCOL, *FORCES},
    Position.GENDARME: {COUNTS, PROTOCOL, *FORCES},
    Position.CHEF_DE_QUART: {COUNTS, PROTOCOL, *FORCES, *SENDING},
}
"""Pages that ask for a right, written a second time. The mairie's are many: see the matrix."""


@pytest.mark.acceptance("S2-03")
async def test_each_position_opens_what_the_matrix_gives_it(town: ConsoleTown):
    roles = {position_of(role): role for role in Role}
    opened: dict[Position, set[str]] = defaultdict(set)
    for position in Position:
        if not position.may_sign_in:
            member = await town.agent(roles[position])
            with pytest.raises(PermanentFailure):
                await town.invitations.invite_member("quelquun@exemple.fr", member.id)
            continue
        if position.is_member:
            person = await town.signed_in(await town.agent(roles[position]))
        else:
            person = await town.outsider(position, LIFFRE)
        for route in ROUTES:
            if not isinstance(route.access, Right):
                continue
            path = re.sub(r"\{\w+\}", "999", route.path)
            ask = person.get if route.method == "GET" else person.post
            status = (await ask(path, allow_redirects=False)).status
            assert (status != 403) == (position in HOLDERS[route.access]), (position, route.path)
            assert status < 500
            if status != 403 and route.method == "GET":
                opened[position].add(route.path)
    for position, pages in PAGES.items():
        assert opened[position] == pages
    assert FORCES - opened[Position.MAIRIE] == FORCES - {"/portee"}
    assert {"/inscrire", "/importer", "/participants", "/formation"} <= opened[Position.MAIRIE]


@pytest.mark.acceptance("S2-03")
async def test_the_prefecture_reads_protocol_and_indicators_and_no_name(town: ConsoleTown):
    merchant = await town.merchant("Tanguy")
    prefecture = await town.outsider(Position.PREFECTURE)
    counts = await prefecture.get("/indicateurs")
    assert figure(counts.text, "Commerçants inscrits") == ["1", "0"], "of each territory"
    protocol = await prefecture.get("/protocole")
    assert town.world.policy.hash[:12] in protocol.text
    for land in town.world.territories.values():
        for charter in land.charters.values():
            assert town.world.charters[charter].hash[:12] in protocol.text
    for page in (counts, protocol):
        assert merchant.name not in page.text
        assert merchant.shop not in page.text


@pytest.mark.acceptance("S1-05")
async def test_ratings_are_read_without_names_and_never_few(town: ConsoleTown):
    merchant = await town.merchant("Tanguy")
    await rated(town, merchant.id, *[5] * 9, 2)
    prefecture = await town.outsider(Position.PREFECTURE)
    few = (await prefecture.get("/indicateurs")).text
    assert "Notes · " not in few
    await rated(town, merchant.id, 3)
    page = (await prefecture.get("/indicateurs")).text
    table = page.split("Notes · ")[1].split("</table>")[0]
    assert re.findall(r"<td>([\d,]+)</td>", table) == ["11", "4,5", "0", "1", "1", "0", "9"]
    for secret in (merchant.name, merchant.shop, COMMENT, "S1"):
        assert secret not in page
    english = (await prefecture.get("/indicateurs?langue=en")).text
    assert "<td>4.5</td>" in english
    neighbour = await town.outsider(Position.ASSOCIATION, "yvelines-mantes")
    assert "Notes · " not in (await neighbour.get("/indicateurs")).text


@pytest.mark.acceptance("S2-03")
async def test_an_association_marks_who_was_trained_and_sees_counts(town: ConsoleTown):
    trained, other = await town.merchant("Tanguy"), await town.merchant("Riou")
    away = await town.merchant("Fabre", commune="78361", trade="bijoutiers")
    cci = await town.outsider(Position.ASSOCIATION, LIFFRE)
    page = await cci.get("/formation")
    assert trained.shop in page.text
    assert other.shop in page.text
    assert away.shop not in page.text
    assert str(trained.phone) not in page.text, "no number is needed to note a training"
    done = await cci.post(f"/formation/{trained.id}", {"formation": "oui"})
    assert done.status == 200
    assert trained.shop not in done.text
    assert trained.shop in (await cci.get("/formation?formes=oui")).text
    counts = await cci.get("/indicateurs")
    assert figure(counts.text, "dont formés") == ["1"]
    assert (await cci.post(f"/formation/{away.id}", {"formation": "oui"})).status == 404
    agent = await town.agent(Role.GENDARME)
    assert (await cci.post(f"/formation/{agent.id}", {"formation": "oui"})).status == 404
    async with town.store.transaction() as tx:
        person = await tx.members.get(trained.id)
        assert person is not None
        assert person.trained == town.clock().date()
    await cci.post(f"/formation/{trained.id}", {"formation": "non"})
    assert trained.shop in (await cci.get("/formation")).text
    auditor = await town.outsider(Position.AUDITOR, LIFFRE)
    log = (await auditor.get("/journal")).text
    assert "Formation notée" in log
    assert "Marque de formation retirée" in log


def figure(page: str, name: str) -> list[str]:
    return re.findall(rf'<th scope="row">{name}</th><td>(.*?)</td>', page)
