"""The charter: shown, signed and stored the same; without it, nothing, on any channel."""

import base64
import hashlib
from datetime import datetime, timedelta

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from support.client import Client
from support.town import FINISTERE, Town

from appservice.app import clock
from appservice.demo.child import wait_until
from appservice.demo.people import BRETAGNE
from appservice.domain.charter import sign_bytes
from appservice.domain.room import Kind

pytestmark = pytest.mark.e2e


async def _alert(town: Town, text: str) -> None:
    """To all the tobacconists of the département; done when everybody in force shows it."""
    poste = town.poste(BRETAGNE)
    await town.ask("kerboul", poste, f"alerte buralistes 35 : {text}", " publiée : ")
    await town.once_a_channel(text, ("tanguy", "brient", "legoff", "riou"))


async def _cannot_enter(town: Town, key: str, room: str) -> None:
    """Neither alone, nor by a member, nor by the homeserver's administrator, nor by the bot."""
    cast = town.cast
    account, boss = await cast.account(key), await cast.account("admin", admin=True)
    member, homeserver = cast.accounts["tanguy"], town.stage.homeserver
    stranger = {"user_id": account.mxid}
    async with aiohttp.ClientSession() as http:
        tries = [
            await Client(http, homeserver.url, account.mxid, account.access_token).join(room),
            await Client(http, homeserver.url, member.mxid, member.access_token).invite(
                room, account.mxid
            ),
            await Client(http, homeserver.url, boss.mxid, boss.access_token).request(
                "POST", f"/_synapse/admin/v1/join/{room}", stranger
            ),
            await Client(
                http, homeserver.url, homeserver.bot, homeserver.as_token, as_service=True
            ).invite(room, account.mxid),
        ]
    assert [answer.status for answer in tries] == [403] * len(tries), tries


@pytest.mark.acceptance("S0-02")
async def test_a_merchant_who_never_signed_is_nowhere_and_receives_nothing(town: Town) -> None:
    phones = town.news("hamon")
    await _alert(town, "Vol par ruse constaté à Liffré hier à 8 h 01 dans un tabac.")
    await town.ask(
        "tanguy", town.cast.guichet("tanguy"), "aide", "Pour signaler, écrivez le fait ici"
    )
    await _cannot_enter(town, "hamon", town.alertes(BRETAGNE, "buralistes"))
    assert await town.is_outside("hamon")
    assert phones.holding("") == []


@pytest.mark.acceptance("S0-03")
async def test_an_agent_who_never_signed_is_nowhere_and_receives_nothing(town: Town) -> None:
    phones, desk = town.news("prigent"), town.news("kerboul")
    guichet = town.cast.guichet("tanguy")
    text = "Vitrine cassée hier à 8 h 02 au tabac, des cartouches ont été volées"
    await town.ask("tanguy", guichet, text, "Reçu : votre signalement")
    await desk.of(text)
    await _alert(town, "Vol par ruse constaté à Redon hier à 8 h 03 dans un tabac.")
    await _cannot_enter(town, "prigent", town.poste(BRETAGNE))
    assert await town.is_outside("prigent")
    assert phones.holding("") == []


@pytest.mark.acceptance("S0-02")
@pytest.mark.acceptance("S0-03")
async def test_whoever_never_signed_is_told_why_and_acts_on_nothing(town: Town) -> None:
    """What they write by Signal or SMS is neither relayed nor obeyed."""
    cast, told = town.cast, town.news("hamon")
    group = cast.scenery.groups[cast.scenery.key(Kind.ECHANGES, BRETAGNE, "buralistes")]
    with pytest.raises(Exception, match="not in the group"):
        town.stage.signal.world.say(cast.aci("hamon"), "Bonjour à tous", group=group)
    text = "Vol de la caisse hier à 8 h 04, porte forcée"
    town.stage.signal.world.say(cast.aci("hamon"), text)
    await told.of("La charte n'a pas été signée")
    agent = town.news("prigent")
    town.stage.signal.world.say(cast.aci("prigent"), "alerte buralistes 35 : Vol à Liffré 8 h 05")
    await agent.of("La charte n'a pas été signée")
    await town.ask("kerboul", town.poste(BRETAGNE), "aide", "valide A7")
    assert all(cast.copies(key, text) == 0 for key in ("kerboul", "tanguy", "legoff", "riou"))
    assert cast.copies("legoff", "Vol à Liffré 8 h 05") == 0


@pytest.mark.acceptance("S0-02")
async def test_an_expired_signature_and_a_revocation_put_out_of_everything(town: Town) -> None:
    cast = town.cast
    text = "Vol par ruse constaté à Redon hier à 8 h 06 dans un tabac."
    try:
        assert len(await cast.elements["guyot"].seats()) >= 3
        await _alert(town, text)
        await town.once_a_channel(text, ["guyot"])

        # Signed a year and a second ago: over now.
        await town.sign("guyot", at=lambda: clock() - timedelta(days=365, seconds=1))
        await _put_out(town, "expired")

        await town.sign("guyot")
        await town.come_in("guyot")
        assert not await town.is_outside("guyot")
        revoked = await cast.maillage("revoke", cast.address("guyot"))
        assert "retirée" in revoked.out
        assert await town.is_outside("guyot"), "out when the command comes back"
        await _put_out(town, "revoked")
    finally:
        await town.sign("guyot")
        await town.come_in("guyot")
    text = "Vol par ruse constaté à Redon hier à 8 h 08 dans un tabac."
    await _alert(town, text)
    await town.once_a_channel(text, ["guyot"])


async def _put_out(town: Town, why: str) -> None:
    await town.settled()
    assert await town.is_outside("guyot"), why
    phones = town.news("guyot")
    await _cannot_enter(town, "guyot", town.alertes(BRETAGNE, "buralistes"))
    await _alert(town, f"Vol par ruse constaté à Redon, il est {why} hier dans un tabac.")
    assert phones.holding("") == [], why


@pytest.mark.acceptance("S0-03")
async def test_a_revoked_agent_is_out_of_everything_and_gives_no_order(town: Town) -> None:
    cast = town.cast
    try:
        assert not await town.is_outside("cariou")
        await cast.maillage("revoke", cast.address("cariou"))
        assert await town.is_outside("cariou")
        await _cannot_enter(town, "cariou", town.poste(FINISTERE))
        phones = town.news("cariou")
        text = "Vitrine brisée hier à 8 h 13, des gâteaux ont été volés"
        await town.ask("nedelec", cast.guichet("nedelec"), text, "Reçu : votre signalement")
        order = "alerte boulangers : Vol constaté à Quimper hier à 8 h 14."
        town.stage.kannel.say(cast.people["cariou"].number, order)
        await phones.of("retirée par la mairie")
        assert phones.holding(text) == []
        assert cast.copies("nedelec", "8 h 14") == 0
    finally:
        await town.sign("cariou")
        await town.come_in("cariou")
    assert not await town.is_outside("cariou")


@pytest.mark.acceptance("S0-02")
async def test_nothing_is_received_from_the_second_a_signature_ends(town: Town) -> None:
    """Before anybody has had time to take the person out of the rooms."""
    ends = clock() + timedelta(seconds=8)
    await town.sign("guyot", at=lambda: ends - timedelta(days=365))
    try:
        await _later_than(ends)
        phones = town.news("guyot")
        text = "Vol par ruse constaté à Redon hier à 8 h 09 dans un tabac."
        await _alert(town, text)
        assert phones.holding(text) == []
    finally:
        await town.sign("guyot")
        await town.come_in("guyot")


async def _later_than(moment: datetime) -> None:
    async def past() -> bool:
        return clock() > moment

    await wait_until(past, "L'échéance")


@pytest.mark.acceptance("S0-04")
async def test_the_text_shown_is_the_text_signed_to_the_byte(town: Town) -> None:
    cast = town.cast
    path = town.stage.world.charters / "charte-commercants.md"
    in_force = path.read_bytes().split(b"\n---\n", 1)[1]
    digest = hashlib.sha256(in_force).hexdigest()

    shown = await cast.maillage("charter", cast.address("tanguy"))
    assert shown.out.encode() == in_force
    assert shown.err.split()[2] == digest
    text = await town.ask("tanguy", cast.guichet("tanguy"), "charte", "Votre signature vaut")
    assert text.endswith(in_force.decode()), "the guichet shows the same bytes"
    assert "strictement professionnel" in text

    record = await town.signature("tanguy")
    assert record is not None
    assert (record.text_hash, record.version, record.charter) == (
        digest,
        "2026-2",
        "charte-commercants",
    )
    key = (await cast.maillage("public-key")).out.strip()
    Ed25519PublicKey.from_public_bytes(base64.b64decode(key + "==")).verify(
        base64.b64decode(record.seal + "=="), sign_bytes(record)
    )
    wrong = await town.stage.maillage("sign", "--hash", "0" * 64, cast.address("tanguy"))
    assert wrong.status == 1
    assert "a changé" in wrong.err


@pytest.mark.acceptance("S0-04")
@pytest.mark.acceptance("S0-02")
async def test_a_new_version_puts_everybody_out_until_they_sign_it(town: Town) -> None:
    cast = town.cast
    path = town.stage.world.charters / "charte-essai.md"
    before = path.read_text(encoding="utf-8")
    poste = town.poste(FINISTERE)
    try:
        new = before.replace("2026-2", "2026-3").replace("Ce que c'est", "Ce dont il s'agit")
        path.write_text(new, encoding="utf-8")
        await town.restart()
        await town.settled()
        assert await town.is_outside("nedelec")
        phones = town.news("nedelec")
        await town.ask(
            "cariou", poste, "alerte : Vol constaté à Quimper à 8 h 10.", "rien n'a été diffusé"
        )
        town.stage.kannel.say(cast.people["nedelec"].number, "Vol de la caisse hier à 8 h 11")
        await phones.of("Une nouvelle version de la charte doit")
        assert phones.holding("8 h 10") == []

        shown = await cast.maillage("charter", cast.address("nedelec"))
        assert shown.out == new.split("\n---\n", 1)[1]
        assert shown.err.split()[1] == "2026-3"
        await town.sign("nedelec")
        await town.come_in("nedelec")
        text = "Vol constaté à Quimper hier à 8 h 12 dans une boulangerie."
        await town.ask("cariou", poste, f"alerte boulangers : {text}", " publiée : ")
        await town.once_a_channel(text, ["nedelec"])
    finally:
        path.write_text(before, encoding="utf-8")
        await town.restart()
        await town.sign("nedelec", "kervella")
        await town.come_in("nedelec", "kervella")
