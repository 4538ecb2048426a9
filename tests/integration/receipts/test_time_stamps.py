"""Signed records time-stamped by OpenSSL's authority: later, verified, honest when it fails."""

import base64
import itertools
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from support.console import ConsoleTown, shipped_world
from support.memory_store import MemoryStore
from support.receipts import attached_to, run
from support.signing import a_link, a_newcomer, filled, send, with_code
from support.store_builders import HandClock, counted_ids
from support.time_authority import NAME, TimeAuthority, make_certificates, time_authority
from yarl import URL

from appservice.commands import receipt
from appservice.domain.charter import sign_bytes
from appservice.domain.member import Member
from appservice.domain.signing.stamp import Stamp
from appservice.files.config.stamps import certificates_in
from appservice.flows.charter.stamping import Stamping
from appservice.web.receipts.authority import APART, HttpTimeAuthority

DAY = timedelta(days=1)


@pytest_asyncio.fixture
async def town() -> AsyncIterator[ConsoleTown]:
    """At the hour of OpenSSL, which has no other."""
    clock = HandClock(datetime.now(UTC))  # noqa: TID251 - a program beside us reads it too
    store = MemoryStore(clock)
    opened = ConsoleTown(store, clock, counted_ids(), shipped_world(), time_stamps=True)
    await opened.open()
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def authority(tmp_path: Path, town: ConsoleTown) -> AsyncIterator[TimeAuthority]:
    make_certificates(tmp_path / "tsa", town.clock())
    async with time_authority(tmp_path / "tsa") as found:
        yield found


@asynccontextmanager
async def stamping(town: ConsoleTown, authority: TimeAuthority) -> AsyncIterator[Stamping]:
    async with aiohttp.ClientSession() as http:
        trusted = certificates_in(authority.certificates)
        asked = HttpTimeAuthority(http, authority.url, trusted, town.clock)
        yield Stamping(town.store, town.clock, asked)


async def signed(town: ConsoleTown, to: Path) -> tuple[Member, Any]:
    """Somebody who has signed, and what gives their receipt each time."""
    member = await a_newcomer(town)
    path, reader = await a_link(await town.mairie(), member), town.visitor()
    page, code = await with_code(town, reader, path)
    await send(reader, path, filled(page, code, name=member.name))

    numbers = itertools.count()

    async def downloaded() -> Path:
        async with reader._http.get(URL(f"{town.url}{path}/recu.pdf", encoded=True)) as answer:
            assert answer.status == 200
            file = to / f"{next(numbers)}.pdf"
            file.write_bytes(await answer.read())
        return file

    return member, downloaded


async def stamp_of(town: ConsoleTown, member: Member) -> Stamp:
    async with town.store.transaction() as tx:
        signature = await tx.signatures.latest(member.id)
        assert signature is not None
        stamp = await tx.time_stamps.of(signature)
    assert stamp is not None
    return stamp


async def text_of(file: Path) -> str:
    return " ".join((await run("pdftotext", file.name, "-", cwd=file.parent)).split())


async def checked(town: ConsoleTown, file: Path, certificates: Path | None = None) -> int:
    key = base64.b64encode(town.key.public_key().public_bytes_raw()).decode()
    return await receipt.check(
        Namespace(file=str(file), key=key, authority=str(certificates) if certificates else None)
    )


async def test_the_token_comes_afterwards_and_openssl_verifies_it(
    town: ConsoleTown, authority: TimeAuthority, tmp_path: Path, capsys: Any
):
    member, downloaded = await signed(town, tmp_path)
    assert authority.asked == 0, "who signs waits for nobody"
    before = await downloaded()
    assert "demandé, pas encore reçu" in await text_of(before)
    assert "horodatage.tsr" not in await attached_to(before)

    async with stamping(town, authority) as work:
        assert await work.once() == 1
        assert await work.once() == 0
    assert authority.asked == 1
    stamp = await stamp_of(town, member)
    assert stamp.authority == NAME
    act = town.store.acts[-1]
    assert (act.verb, act.subject, act.codes) == ("charter.stamp", member.id, ())

    file = await downloaded()
    assert f"par {NAME}" in await text_of(file)
    assert "signature électronique simple" in await text_of(file), "it is no more than that"
    found = await attached_to(file)
    assert found["signature.json"] == sign_bytes(stamp.signature)
    for name in ("signature.json", "horodatage.tsr"):
        (tmp_path / name).write_bytes(found[name])
    words = ("-verify", "-data", "signature.json", "-in", "horodatage.tsr")
    said = await run("openssl", "ts", *words, "-CAfile", str(authority.certificates), cwd=tmp_path)
    assert "Verification: OK" in said

    assert await checked(town, file, authority.certificates) == 0
    assert f"par {NAME}." in capsys.readouterr().out
    assert await checked(town, file) == 0
    assert "non vérifié" in capsys.readouterr().out
    make_certificates(tmp_path / "others", town.clock())
    assert await checked(town, file, tmp_path / "others" / "ca.pem") == 1
    assert "ne prouve rien" in capsys.readouterr().out
    assert await checked(town, before, authority.certificates) == 0
    assert "Horodatage : aucun" in capsys.readouterr().out


async def test_an_authority_that_is_down_is_asked_again_later_and_later(
    town: ConsoleTown, authority: TimeAuthority, tmp_path: Path
):
    member, downloaded = await signed(town, tmp_path)
    async with stamping(town, authority) as work:
        authority.status = 503
        assert await work.once() == 0
        stamp = await stamp_of(town, member)
        assert (stamp.code, stamp.tries, stamp.token) == ("horodatage-injoignable", 1, None)
        assert await work.once() == 0
        assert authority.asked == 1, "not at once"
        town.clock.advance(timedelta(minutes=1))
        assert await work.once() == 0
        assert authority.asked == 2
        town.clock.advance(timedelta(minutes=1))
        await work.once()
        assert authority.asked == 2, "two minutes this time"
        assert "demandé, pas encore reçu" in await text_of(await downloaded())
        authority.status = 200
        town.clock.advance(timedelta(minutes=1))
        assert await work.once() == 1
    stamp = await stamp_of(town, member)
    assert (stamp.code, stamp.authority) == ("", NAME)


async def a_query(folder: Path, data: bytes) -> bytes:
    (folder / "data").write_bytes(data)
    words = ("-query", "-data", "data", "-sha256", "-cert", "-out", "other")
    await run("openssl", "ts", *words, cwd=folder)
    return (folder / "other").read_bytes()


async def another_nonce(town: ConsoleTown, authority: TimeAuthority, data: bytes) -> None:
    authority.other_query = await a_query(authority.folder, data)


async def another_hash(town: ConsoleTown, authority: TimeAuthority, data: bytes) -> None:
    authority.other_query = await a_query(authority.folder, b"something else")


async def an_expired_certificate(town: ConsoleTown, authority: TimeAuthority, _: bytes) -> None:
    make_certificates(authority.folder, town.clock(), ends=-DAY)


async def garbage(town: ConsoleTown, authority: TimeAuthority, _: bytes) -> None:
    authority.garbage = b"\x30\x82\xff\xff" + b"x" * 300


async def nothing(town: ConsoleTown, authority: TimeAuthority, _: bytes) -> None:
    authority.garbage = b""


async def another_hour(town: ConsoleTown, authority: TimeAuthority, _: bytes) -> None:
    town.clock.advance(APART + timedelta(minutes=1))


@pytest.mark.parametrize(
    "lie",
    [another_nonce, another_hash, an_expired_certificate, garbage, nothing, another_hour],
    ids=lambda lie: lie.__name__,
)
async def test_an_answer_that_proves_nothing_is_not_kept(
    town: ConsoleTown, authority: TimeAuthority, tmp_path: Path, lie: Any
):
    member, downloaded = await signed(town, tmp_path)
    await lie(town, authority, sign_bytes((await stamp_of(town, member)).signature))
    async with stamping(town, authority) as work:
        assert await work.once() == 0
    stamp = await stamp_of(town, member)
    assert (stamp.code, stamp.tries, stamp.token) == ("horodatage-refuse", 1, None)
    assert "demandé, pas encore reçu" in await text_of(await downloaded())


async def test_an_authority_that_one_does_not_know_proves_nothing(
    town: ConsoleTown, authority: TimeAuthority, tmp_path: Path
):
    member, _ = await signed(town, tmp_path)
    async with stamping(town, authority) as work:
        make_certificates(authority.folder, town.clock())
        assert await work.once() == 0
    assert (await stamp_of(town, member)).code == "horodatage-refuse"


async def test_nobody_is_asked_when_no_authority_was_chosen(
    tmp_path: Path, authority: TimeAuthority, town: ConsoleTown
):
    quiet = ConsoleTown(
        MemoryStore(town.clock), town.clock, counted_ids(), town.world, key=town.key
    )
    await quiet.open()
    try:
        _, downloaded = await signed(quiet, tmp_path)
        async with stamping(quiet, authority) as work:
            assert await work.once() == 0
        assert authority.asked == 0
        assert "aucun : l'heure est celle du service" in await text_of(await downloaded())
    finally:
        await quiet.close()


@pytest.mark.parametrize("touched", ["charte.txt", "signature.json", "sceau.txt", "preuve.json"])
async def test_what_was_touched_does_not_hold(town: ConsoleTown, tmp_path: Path, touched: str):
    _, downloaded = await signed(town, tmp_path)
    found = dict(await attached_to(await downloaded()))
    key = town.key.public_key()
    assert list(receipt.faults_in(found, key)) == []
    whole = found[touched]
    found[touched] = bytes([whole[0] ^ 1]) + whole[1:]
    assert list(receipt.faults_in(found, key))
    del found[touched]
    assert list(receipt.faults_in(found, key))
