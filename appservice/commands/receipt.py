"""A receipt of a signature checked offline: text, seal, evidence, and its time-stamp if any."""

import base64
import hashlib
import io
import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appservice.domain.errors import MaillageError
from appservice.domain.wording.common import day, hour
from appservice.files.config.stamps import certificates_in
from appservice.web.receipts.authority import verified

TEXT, SIGNED, SEAL, EVIDENCE, STAMP = (
    "charte.txt", "signature.json", "sceau.txt", "preuve.json", "horodatage.tsr",
)  # fmt: skip


async def check(args: Namespace) -> int:
    """Needs the file, the public key, and the authority's certificates if time is to be checked.

    Exit status 1 when something doesn't hold, 2 when nothing can be read.
    """
    try:
        found, key, trusted = _given(args)
    except (OSError, ValueError, KeyError) as error:
        print(f"{args.file} : {type(error).__name__}", file=sys.stderr)
        return 2
    faults = list(faults_in(found, key))
    for fault in faults:
        print(fault)
    said, holds = time_of(found, trusted)
    print(said)
    if not faults:
        print("Le texte, la preuve et le sceau tiennent ensemble.", file=sys.stderr)
    return 0 if holds and not faults else 1


def _given(
    args: Namespace,
) -> tuple[Mapping[str, bytes], Ed25519PublicKey, Sequence[x509.Certificate]]:
    """Raises OSError, ValueError, KeyError."""
    found = attached(Path(args.file).read_bytes())
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(args.key + "=="))
    return found, key, certificates_in(Path(args.authority)) if args.authority else ()


def attached(pdf: bytes) -> Mapping[str, bytes]:
    """Files in the PDF, by name. Raises ValueError, KeyError."""
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        names = PdfFileReader(io.BytesIO(pdf)).root["/Names"]["/EmbeddedFiles"]["/Names"]
        return {
            str(names[at]): bytes(names[at + 1]["/EF"]["/F"].data)
            for at in range(0, len(names), 2)
        }
    except PdfError as error:
        raise ValueError(str(error)) from error


def faults_in(found: Mapping[str, bytes], key: Ed25519PublicKey) -> Iterator[str]:
    """What doesn't hold, in French."""
    missing = [name for name in (TEXT, SIGNED, SEAL) if name not in found]
    if missing:
        yield f"Il manque {', '.join(missing)}."
        return
    try:
        key.verify(base64.b64decode(found[SEAL] + b"=="), found[SIGNED])
    except (InvalidSignature, ValueError):
        yield "Le sceau n'est pas celui de ce service sur cette signature."
        return
    words = json.loads(found[SIGNED])
    if hashlib.sha256(found[TEXT]).hexdigest() != words.get("text_sha256"):
        yield "Le texte joint n'est pas celui qui a été signé."
    evidence = found.get(EVIDENCE)
    if (hashlib.sha256(evidence).hexdigest() if evidence else None) != words.get(
        "evidence_sha256"
    ):
        yield "La preuve jointe n'est pas celle de cette signature."


def time_of(found: Mapping[str, bytes], trusted: Sequence[x509.Certificate]) -> tuple[str, bool]:
    """What is known of the time, and whether what is there holds."""
    answer, signed = found.get(STAMP), found.get(SIGNED, b"")
    if answer is None:
        return "Horodatage : aucun ; l'heure est celle du service.", True
    if not trusted:
        return "Horodatage : joint, non vérifié (donnez --authority).", True
    try:
        stamped = verified(answer, signed, trusted)
    except MaillageError as failure:
        return f"Horodatage : {failure.message}", False
    return f"Horodatage : {day(stamped.at)} {hour(stamped.at)}, par {stamped.authority}.", True
