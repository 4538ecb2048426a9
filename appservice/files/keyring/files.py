"""Files that hold keys: text in base64, readable by us alone, on the disk when we say so."""

import base64
import binascii
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appservice.domain.errors import PermanentFailure

LENGTH = 32


class BadKeys(PermanentFailure):
    """Les clés du service sont illisibles."""

    code = "cles-illisibles"


def read_lines(path: Path, problems: list[str]) -> list[str]:
    """Of a file that nobody else may read."""
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


def named_keys(path: Path, lines: list[str], problems: list[str]) -> dict[str, bytes]:
    """One line per key, `id base64`, the one in use first."""
    keys: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        name, _, text = line.partition(" ")
        key = decoded(text)
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


def decoded(text: str) -> bytes | None:
    """The key that a line holds."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == LENGTH else None


def new_secret() -> tuple[bytes, str]:
    """A key, and how its file writes it."""
    secret = secrets.token_bytes(LENGTH)
    return secret, base64.b64encode(secret).decode()


def draft(path: Path) -> Path:
    """Where a file is written before it takes its name."""
    return path.with_name(path.name + ".new")


def write(path: Path, text: str) -> None:
    """Readable by us alone from its first byte, and on the disk when this returns."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def overwrite(path: Path) -> None:
    """Zeros over a file that is about to go."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


def retire(path: Path) -> None:
    """Keeps the first line. A disk that moves what it writes may keep a copy all the same."""
    former = path.with_name(f"{path.name}.old")
    lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    if not former.exists():  # else a former retirement was cut short
        former.hardlink_to(path)
    write(draft(path), lines[0])
    draft(path).rename(path)
    flush(path.parent)
    overwrite(former)
    former.unlink()


def flush(folder: Path) -> None:
    """Names are on the disk when this returns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else changes the keys of that folder meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
