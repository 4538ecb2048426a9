"""Receipts of signatures: verified by others, complete, and for nobody else."""

import base64
import hashlib
import itertools
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.console import MANTES, ConsoleTown, Person
from support.receipts import attached_to, check_with_openssl, run, signature_of
from support.signing import a_link, a_newcomer, filled, send, with_code
from yarl import URL

from appservice.domain.member import Member, Role
from appservice.files.keyring.receipts import receipt_certificate

_NUMBERS = itertools.count()


async def signed(town: ConsoleTown, member: Member) -> tuple[Person, str]:
    """Whoever signed, and the path of their link."""
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, code = await with_code(town, reader, path)
    done = await send(reader, path, filled(page, code, name=member.name))
    assert f'href="{path}/recu.pdf"' in done.text
    return reader, path


async def downloaded(person: Person, path: str, to: Path) -> Path:
    async with person._http.get(URL(person.origin + path, encoded=True)) as answer:
        assert (answer.status, answer.content_type) == (200, "application/pdf")
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="recu-')
        file = to / f"{next(_NUMBERS)}.pdf"
        file.write_bytes(await answer.read())
    return file


async def test_a_receipt_is_verified_by_poppler_and_openssl(town: ConsoleTown, tmp_path: Path):
    reader, path = await signed(town, await a_newcomer(town))
    file = await downloaded(reader, f"{path}/recu.pdf", tmp_path)
    said = await signature_of(file)
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "Maillage, reçus de signature" in said
    assert "Signature Type: ETSI.CAdES.detached" in said
    certificate = receipt_certificate(town.key)
    assert town.key.public_key().public_bytes_raw().hex() in (
        await check_with_openssl(file, certificate)
    )


async def test_a_receipt_that_was_touched_is_not_valid(town: ConsoleTown, tmp_path: Path):
    reader, path = await signed(town, await a_newcomer(town))
    file = await downloaded(reader, f"{path}/recu.pdf", tmp_path)
    data = file.read_bytes()
    at = data.index(b"/Title")
    file.write_bytes(data[: at + 8] + bytes([data[at + 8] ^ 1]) + data[at + 9 :])
    assert "Signature is Valid" not in await signature_of(file)
    with pytest.raises(AssertionError, match="cms"):
        await check_with_openssl(file, receipt_certificate(town.key))


async def test_whoever_has_a_receipt_computes_it_all_again(town: ConsoleTown, tmp_path: Path):
    member = await a_newcomer(town)
    reader, path = await signed(town, member)
    file = await downloaded(reader, f"{path}/recu.pdf", tmp_path)
    found = await attached_to(file)
    assert set(found) == {"charte.txt", "signature.json", "sceau.txt", "preuve.json"}
    charter = town.world.charter_for(member)
    assert charter is not None
    assert found["charte.txt"] == charter.text.encode(), "to the byte"
    words = json.loads(found["signature.json"])
    assert hashlib.sha256(found["charte.txt"]).hexdigest() == words["text_sha256"]
    assert hashlib.sha256(found["preuve.json"]).hexdigest() == words["evidence_sha256"]
    seal = base64.b64decode(found["sceau.txt"] + b"==")
    town.key.public_key().verify(seal, found["signature.json"])
    assert words["member"] == member.id


async def test_a_receipt_says_who_what_when_and_what_it_is_worth(
    town: ConsoleTown, tmp_path: Path
):
    name = "Zoë Œuvrard-Škoda <b>"
    reader, path = await signed(town, await a_newcomer(town, name=name))
    file = await downloaded(reader, f"{path}/recu.pdf", tmp_path)
    text = " ".join((await run("pdftotext", "-layout", file, "-", cwd=tmp_path)).split())
    for expected in (
        *("Reçu de signature", f"{name}, Tabac de la Halle", "Ille-et-Vilaine"),
        *("21/11/2026 13h00", "En vigueur jusqu'au 21/11/2027"),
        *("code reçu par SMS sur le mobile qui finit par 42", "signature électronique simple"),
        *("Ne remplace pas le 17 ni le 112.", "6. Durée"),
    ):
        assert expected in text, expected
    german = await downloaded(reader, f"{path}/recu.pdf?langue=de", tmp_path)
    text = await run("pdftotext", "-layout", german, "-", cwd=tmp_path)
    assert "Quittung der Unterschrift" in text
    assert "Charte d'engagement des commerçants" in text, "what was signed is French"


async def test_the_mairie_has_the_receipt_of_its_own_people_only(
    town: ConsoleTown, tmp_path: Path
):
    member = await a_newcomer(town)
    await signed(town, member)
    path = f"/participants/{member.id}/recu.pdf"
    mairie = await town.mairie()
    assert f'href="{path}"' in (await mairie.get(f"/participants/{member.id}")).text
    await downloaded(mairie, path, tmp_path)
    act = town.store.acts[-1]
    assert (act.verb, act.subject) == ("charter.receipt", member.id)
    assert act.actor != member.id
    assert (await (await town.mairie(MANTES)).get(path)).status == 404
    chief = await town.signed_in(await town.agent(Role.CHEF_DE_QUART))
    assert (await chief.get(path)).status == 403
    newcomer = await a_newcomer(town, phone="+33639980043")
    assert (await mairie.get(f"/participants/{newcomer.id}/recu.pdf")).status == 404


async def test_a_link_gives_the_receipt_for_an_hour(town: ConsoleTown):
    member = await a_newcomer(town)
    path = await a_link(await town.mairie(), member)
    assert (await town.visitor().get(f"{path}/recu.pdf")).status == 410
    reader, path = await signed(town, member)
    town.clock.advance(timedelta(hours=1))
    gone = await reader.get(f"{path}/recu.pdf")
    assert (gone.status, "a déjà servi" in gone.text) == (410, True)


async def test_a_receipt_of_a_former_text_holds_that_text(town: ConsoleTown, tmp_path: Path):
    member = await a_newcomer(town)
    await signed(town, member)
    charter = town.world.charter_for(member)
    assert charter is not None
    assert town.server is not None
    desk = town.server.desk
    newer = replace(charter, version="2027-1", text=charter.text + "De plus.\n")
    world = replace(town.world, charters={**town.world.charters, newer.id: newer})
    object.__setattr__(desk, "receipts", replace(desk.receipts, world=world))
    path = f"/participants/{member.id}/recu.pdf"
    found = await attached_to(await downloaded(await town.mairie(), path, tmp_path))
    assert found["charte.txt"] == charter.text.encode()


async def test_a_signature_given_at_the_desk_has_a_receipt_too(town: ConsoleTown, tmp_path: Path):
    member = await a_newcomer(town)
    charter = town.world.charter_for(member)
    assert charter is not None
    await town.signing.sign(member.id, charter.hash)
    path = f"/participants/{member.id}/recu.pdf"
    file = await downloaded(await town.mairie(), path, tmp_path)
    text = await run("pdftotext", "-layout", file, "-", cwd=tmp_path)
    assert "au guichet de la mairie" in text
    assert set(await attached_to(file)) == {"charte.txt", "signature.json", "sceau.txt"}


def test_the_certificate_is_the_same_each_time_and_no_two_services_share_it():
    key = Ed25519PrivateKey.generate()
    assert receipt_certificate(key) == receipt_certificate(key)
    assert receipt_certificate(key) != receipt_certificate(Ed25519PrivateKey.generate())
