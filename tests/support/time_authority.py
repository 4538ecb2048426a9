"""An authority of time on loopback: OpenSSL signs, and it may be down, late or lie."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appservice.demo.ports import LOOPBACK, any_free_port
from support.receipts import run

CONFIG = """
[tsa_config]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
DAY = timedelta(days=1)
NAME = "Horloge de test"


@dataclass
class TimeAuthority:
    """What it answers next is for the test to choose."""

    url: str
    folder: Path
    status: int = 200
    garbage: bytes | None = None
    other_query: bytes | None = None  # answered instead of the one that came
    asked: int = 0

    @property
    def certificates(self) -> Path:
        return self.folder / "ca.pem"

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        query = await request.read()
        if self.garbage is not None:
            return web.Response(body=self.garbage, status=self.status)
        (self.folder / "query").write_bytes(self.other_query or query)
        words = ("-reply", "-config", "ts.conf", "-section", "tsa_config", "-queryfile", "query")
        await run("openssl", "ts", *words, "-out", "answer", cwd=self.folder)
        body = (self.folder / "answer").read_bytes()
        return web.Response(
            body=body, status=self.status, content_type="application/timestamp-reply"
        )


def make_certificates(folder: Path, now: datetime, ends: timedelta = 10 * DAY) -> None:
    """A root, and what signs time under it until `now + ends`."""
    folder.mkdir(exist_ok=True)
    (folder / "ts.conf").write_text(CONFIG)
    (folder / "serial").write_text("01")
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    span = (now - 20 * DAY, now + 20 * DAY)
    root = certificate("Racine de test", root_key, "Racine de test", root_key, span)
    ours = certificate(NAME, key, "Racine de test", root_key, (span[0], now + ends))
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "tsa.pem").write_bytes(ours.public_bytes(Encoding.PEM))
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tsa.key").write_bytes(key.private_bytes(*form))


def certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: str,
    issuer_key: rsa.RSAPrivateKey,
    span: tuple[datetime, datetime],
) -> x509.Certificate:
    """Of an authority when it is its own issuer, of a clock otherwise."""
    is_root = key is issuer_key
    usage = [False] * 9
    usage[5 if is_root else 0] = True  # signs certificates, or signs
    made = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(*usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if not is_root:
        time = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(time, critical=True)
    return made.sign(issuer_key, hashes.SHA256())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@asynccontextmanager
async def time_authority(folder: Path) -> AsyncIterator[TimeAuthority]:
    """In that folder are its certificates."""
    port = any_free_port()
    authority = TimeAuthority(f"http://{LOOPBACK}:{port}/", folder)
    app = web.Application()
    app.router.add_post("/", authority.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    try:
        yield authority
    finally:
        await runner.cleanup()
