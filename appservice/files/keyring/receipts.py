"""The key and certificate that sign receipts: derived from the service's own.

PDF readers don't know Ed25519, the key of our seals; P-256 they all know.
"""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2)
_USE = b"maillage receipts p-256 v1"
_LENGTH = 48  # bytes: what is left over by the order is of no weight
# Fixed, so that the certificate is the same whenever it is made.
_FROM, _UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2066, 1, 1, tzinfo=UTC)
_NAME = "Maillage, reçus de signature"


def receipt_identity(signing: Ed25519PrivateKey) -> bytes:
    """Key and certificate (PKCS #12, without a password): never written to a file."""
    key = _key(signing)
    certificate = _certificate(signing, key)
    return pkcs12.serialize_key_and_certificates(
        _NAME.encode(), key, certificate, None, NoEncryption()
    )


def receipt_certificate(signing: Ed25519PrivateKey) -> bytes:
    """In PEM: what whoever is shown a receipt checks it with. To the byte the same each time."""
    return _certificate(signing, _key(signing)).public_bytes(Encoding.PEM)


def _key(signing: Ed25519PrivateKey) -> ec.EllipticCurvePrivateKey:
    derived = HKDF(hashes.SHA256(), _LENGTH, None, _USE).derive(signing.private_bytes_raw())
    number = 1 + int.from_bytes(derived) % (_ORDER - 1)
    return ec.derive_private_key(number, ec.SECP256R1())


def _certificate(signing: Ed25519PrivateKey, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Signed by itself: it names no person and no authority, only this service."""
    ours = signing.public_key().public_bytes_raw().hex()
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, _NAME),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, ours),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    number = int.from_bytes(bytes.fromhex(ours)[:16])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(number | 1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
