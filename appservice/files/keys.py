"""The service's secret keys: one folder, four files that nobody else may read."""

import base64
import binascii
import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appservice.domain.charter import proof_bytes
from appservice.domain.errors import PermanentFailure

SIGNING, MASTER, INDEX, PICKLE = "signing.key", "master.key", "index.key", "pickle.key"
FILES = (SIGNING, MASTER, INDEX, PICKLE)
LENGTH = 32


class BadKeys(PermanentFailure):
    """Les clés du service sont illisibles."""

    code = "cles-illisibles"


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Every secret of the service. Never printed: `repr` shows nothing."""

    signing: Ed25519PrivateKey
    master: Mapping[str, bytes]  # by key id; all of them open, the first one seals
    index: bytes  # HMAC of what is looked up without being readable
    pickle: bytes  # seals mautrix's crypto store

    def sign(self, payload: bytes) -> str:
        """Ed25519, in unpadded base64."""
        return _unpadded(self.signing.sign(payload))

    @property
    def public_key_b64(self) -> str:
        """What verifies `sign`, in unpadded base64."""
        return _unpadded(self.signing.public_key().public_bytes_raw())

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
    lines = {name: _read(folder / name, problems) for name in FILES}
    _stop_at(problems)
    single = {name: _single(folder / name, lines[name], problems) for name in FILES}
    master = _master(folder / MASTER, lines[MASTER], problems)
    _stop_at(problems)
    return Keys(
        Ed25519PrivateKey.from_private_bytes(single[SIGNING]),
        master,
        single[INDEX],
        single[PICKLE],
    )


def make_keys(folder: Path) -> Keys:
    """Make the four files unless they exist; a set that lost a file is never completed anew.

    Drafts first, then names: whoever is killed half-way leaves a set that the next call finishes.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        missing = [name for name in FILES if not (folder / name).exists()]
        if len(missing) == len(FILES):
            for name in FILES:
                _write(_draft(folder / name), _new_text(name))
        lost = [name for name in missing if not _draft(folder / name).exists()]
        if lost:
            raise BadKeys(
                f"Il manque {', '.join(lost)} dans {folder} : restaurez la sauvegarde. "
                "Une clé neuve rendrait illisible ce que l'ancienne a scellé."
            )
        for name in missing:
            _draft(folder / name).rename(folder / name)
        _flush(folder)
    return load_keys(folder)


def add_master_key(folder: Path) -> Keys:
    """Put a new master key before the others: it seals from now on, the others still open."""
    with _alone(folder):
        path = folder / MASTER
        known = load_keys(folder).master
        number = 1 + max((int(n[1:]) for n in known if n[1:].isdigit()), default=0)
        _write(_draft(path), _master_line(number) + path.read_text())
        _draft(path).rename(path)
        _flush(folder)
    return load_keys(folder)


def retire_master_keys(folder: Path) -> Keys:
    """Leave only the master key in use: what the others wrap is lost, here and in backups.

    The old file is overwritten where it lies; a disk that moves what it writes (flash) may keep a
    copy all the same.
    """
    with _alone(folder):
        path, former = folder / MASTER, folder / f"{MASTER}.old"
        lines = path.read_text(encoding="ascii").splitlines(keepends=True)
        if not former.exists():  # else a former retirement was cut short
            former.hardlink_to(path)
        _write(_draft(path), lines[0])
        _draft(path).rename(path)
        _flush(folder)
        _overwrite(former)
        former.unlink()
    return load_keys(folder)


def _stop_at(problems: list[str]) -> None:
    if problems:
        raise BadKeys("\n".join(problems))


def _read(path: Path, problems: list[str]) -> list[str]:
    try:
        if path.stat().st_mode & 0o077:
            problems.append(f"{path} est lisible par d'autres comptes : chmod 600 {path}")
        return path.read_text(encoding="ascii").split("\n")
    except FileNotFoundError:
        problems.append(f"{path} n'existe pas.")
    except OSError as error:
        problems.append(f"{path} ne peut pas être lu : {error.strerror}.")
    except UnicodeDecodeError:
        problems.append(f"{path} n'est pas un fichier de clé (texte ASCII attendu).")
    return []


def _single(path: Path, lines: list[str], problems: list[str]) -> bytes:
    if path.name == MASTER:
        return b""
    key = _decoded(lines[0])
    if key is None or any(lines[1:]):
        problems.append(f"{path} : {LENGTH} octets en base64, sur une ligne, sont attendus.")
        return b""
    return key


def _master(path: Path, lines: list[str], problems: list[str]) -> dict[str, bytes]:
    """One line per key, `id base64`, the one in use first."""
    keys: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        name, _, text = line.partition(" ")
        key = _decoded(text)
        if key is None or name in keys:
            problems.append(
                f"{path}:{number} : un nom unique, une espace, puis {LENGTH} octets en base64 "
                "sont attendus."
            )
        else:
            keys[name] = key
    if not keys and not problems:
        problems.append(f"{path} est vide.")
    return keys


def _decoded(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == LENGTH else None


def _new_text(name: str) -> str:
    return _master_line(1) if name == MASTER else _new_secret() + "\n"


def _master_line(number: int) -> str:
    return f"m{number} {_new_secret()}\n"


def _new_secret() -> str:
    return base64.b64encode(secrets.token_bytes(LENGTH)).decode()


def _draft(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def _write(path: Path, text: str) -> None:
    """Readable by us alone from its first byte, and on the disk when this returns."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _overwrite(path: Path) -> None:
    """Zeros over a file that is about to go."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
