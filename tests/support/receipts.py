"""Receipts looked at by programs that are not ours: poppler's and OpenSSL's."""

import asyncio
import re
from pathlib import Path

LANGUAGE = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}


async def run(*words: str | Path, cwd: Path) -> str:
    """What a program says; an error of its is one of the test."""
    process = await asyncio.create_subprocess_exec(
        *map(str, words),
        cwd=cwd,
        env=LANGUAGE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, said = await process.communicate()
    assert process.returncode == 0, (words, out, said)
    return out.decode()


async def signature_of(path: Path) -> str:
    """What `pdfsig` says of it. The certificate is ours, in no list of authorities."""
    return await run("pdfsig", "-nocert", path.name, cwd=path.parent)


async def attached_to(path: Path) -> dict[str, bytes]:
    """Every file inside, by name."""
    folder = path.parent / f"{path.stem}-attached"
    folder.mkdir()
    await run("pdfdetach", "-saveall", "-o", folder, path.name, cwd=path.parent)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def check_with_openssl(path: Path, certificate: bytes) -> str:
    """CMS over the signed ranges, which are the whole file but the signature itself."""
    data = await asyncio.to_thread(path.read_bytes)
    found = re.search(rb"/ByteRange\s*\[\s*(\d+) (\d+) (\d+) (\d+)\s*\]", data)
    assert found is not None
    start, length, again, rest = map(int, found.groups())
    assert (start, again + rest) == (0, len(data))
    folder = path.parent
    (folder / "signed").write_bytes(data[:length] + data[again:])
    hexadecimal = data[length:again].strip(b"<>")
    (folder / "cms").write_bytes(_without_padding(bytes.fromhex(hexadecimal.decode())))
    (folder / "certificate.pem").write_bytes(certificate)
    await run(
        *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "cms"),
        *("-content", "signed", "-CAfile", "certificate.pem", "-purpose", "any"),
        *("-out", "verified"),
        cwd=folder,
    )
    words = ("x509", "-in", "certificate.pem", "-noout", "-subject", "-fingerprint")
    return await run("openssl", *words, cwd=folder)


def _without_padding(der: bytes) -> bytes:
    """The place of a signature is reserved ahead, and filled up with zeroes."""
    count = der[1] & 0x7F
    length = int.from_bytes(der[2 : 2 + count]) if der[1] & 0x80 else der[1]
    return der[: 2 + (count if der[1] & 0x80 else 0) + length]
