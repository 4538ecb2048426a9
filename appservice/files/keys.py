"""The service's secret keys: four files that nobody else may read, and one a territory."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appservice.domain.charter import proof_bytes
from appservice.files.keyring.files import (
    LENGTH,
    BadKeys,
    alone,
    decoded,
    draft,
    flush,
    named_keys,
    new_secret,
    read_lines,
    retire,
    write,
)
from appservice.files.keyring.receipts import receipt_certificate, receipt_identity
from appservice.files.keyring.territories import TerritoryKeys, load_territory_keys

SIGNING, MASTER, INDEX, PICKLE = "signing.key", "master.key", "index.key", "pickle.key"
FILES = (SIGNING, MASTER, INDEX, PICKLE)


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Every secret of the service. Never printed: `repr` shows nothing."""

    signing: Ed25519PrivateKey
    master: Mapping[str, bytes]  # by key id; all of them open, the first one seals
    index: bytes  # HMAC of what is looked up without being readable
    pickle: bytes  # seals mautrix's crypto store
    folder: Path

    def of_territories(self) -> TerritoryKeys:
        """Read anew each time: a command may have made some. Raises BadKeys."""
        return load_territory_keys(self.folder)

    def sign(self, payload: bytes) -> str:
        """Ed25519, in unpadded base64."""
        return _unpadded(self.signing.sign(payload))

    @property
    def public_key_b64(self) -> str:
        """What verifies `sign`, in unpadded base64."""
        return _unpadded(self.signing.public_key().public_bytes_raw())

    @property
    def receipt_identity(self) -> bytes:
        """What signs receipts (PKCS #12)."""
        return receipt_identity(self.signing)

    @property
    def receipt_certificate(self) -> bytes:
        """What verifies them, in PEM."""
        return receipt_certificate(self.signing)

    def proof(self, room: str, user: str, version: str, until: int) -> dict[str, object]:
        """What lets that user into that room until then (seconds since the epoch)."""
        return {
            "version": version,
            "until": until,
            "sig": self.sign(proof_bytes(room, user, version, until)),
        }


def load_keys(folder: Path) -> Keys:
    """Read the four files. Raises BadKeys, in French, with everything that is wrong with them."""
    problems: list[str] = []
    lines = {name: read_lines(folder / name, problems) for name in FILES}
    _stop_at(problems)
    single = {name: _single(folder / name, lines[name], problems) for name in FILES}
    master = named_keys(folder / MASTER, lines[MASTER], problems)
    _stop_at(problems)
    return Keys(
        Ed25519PrivateKey.from_private_bytes(single[SIGNING]),
        master,
        single[INDEX],
        single[PICKLE],
        folder,
    )


def make_keys(folder: Path) -> Keys:
    """Make the four files unless they exist; a set that lost a file is never completed anew.

    Drafts first, then names: whoever is killed half-way leaves a set that the next call finishes.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(folder):
        missing = [name for name in FILES if not (folder / name).exists()]
        if len(missing) == len(FILES):
            for name in FILES:
                write(draft(folder / name), _new_text(name))
        lost = [name for name in missing if not draft(folder / name).exists()]
        if lost:
            raise BadKeys(
                f"Il manque {', '.join(lost)} dans {folder} : restaurez la sauvegarde. "
                "Une clé neuve rendrait illisible ce que l'ancienne a scellé."
            )
        for name in missing:
            draft(folder / name).rename(folder / name)
        flush(folder)
    return load_keys(folder)


def add_master_key(folder: Path) -> Keys:
    """Put a new master key before the others: it seals from now on, the others still open."""
    with alone(folder):
        path = folder / MASTER
        known = load_keys(folder).master
        number = 1 + max((int(n[1:]) for n in known if n[1:].isdigit()), default=0)
        write(draft(path), _master_line(number) + path.read_text())
        draft(path).rename(path)
        flush(folder)
    return load_keys(folder)


def retire_master_keys(folder: Path) -> Keys:
    """Leave only the keys in use: what the others wrap is lost, here and in backups.

    The old file is overwritten where it lies; a disk that moves what it writes (flash) may keep a
    copy all the same.
    """
    with alone(folder):
        retire(folder / MASTER)
    return load_keys(folder)


def _stop_at(problems: list[str]) -> None:
    if problems:
        raise BadKeys("\n".join(problems))


def _single(path: Path, lines: list[str], problems: list[str]) -> bytes:
    if path.name == MASTER:
        return b""
    key = decoded(lines[0])
    if key is None or any(lines[1:]):
        problems.append(f"{path} : {LENGTH} octets en base64, sur une ligne, sont attendus.")
        return b""
    return key


def _new_text(name: str) -> str:
    return _master_line(1) if name == MASTER else new_secret()[1] + "\n"


def _master_line(number: int) -> str:
    return f"m{number} {new_secret()[1]}\n"


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
