"""A key file per territory: it wraps the data keys of that territory's people and cases alone."""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from appservice.files.keyring.files import (
    BadKeys,
    alone,
    draft,
    flush,
    named_keys,
    new_secret,
    read_lines,
    retire,
    write,
)

FOLDER, SUFFIX = "territoires", ".key"

TerritoryKeys = Mapping[str, Mapping[str, bytes]]
"""By territory, then by key id; all of them open, the first one seals."""


def load_territory_keys(keys: Path) -> TerritoryKeys:
    """Every file of the folder. Raises BadKeys with everything that is wrong with them."""
    problems: list[str] = []
    found: dict[str, Mapping[str, bytes]] = {}
    for path in sorted((keys / FOLDER).glob(f"*{SUFFIX}")):
        known = named_keys(path, read_lines(path, problems), problems)
        for name, secret in known.items():
            if name != _name(path.stem, secret):
                problems.append(f"{path} : « {name} » n'est pas le nom de cette clé.")
        found[path.stem] = known
    if problems:
        raise BadKeys("\n".join(problems))
    return found


def make_territory_keys(keys: Path, territories: Collection[str]) -> Collection[str]:
    """Makes the key of each that has none; returns those. One that is there never changes.

    A key's id holds its fingerprint: a file made anew after a loss can't pass for the lost one,
    and the store refuses to start with what it can't open.
    """
    folder = keys / FOLDER
    missing = [t for t in territories if not (folder / f"{t}{SUFFIX}").exists()]
    if not missing:
        return ()
    folder.mkdir(mode=0o700, exist_ok=True)
    made = []
    with alone(folder):
        for territory in missing:
            path = folder / f"{territory}{SUFFIX}"
            if not path.exists():
                write(draft(path), _line(territory))
                draft(path).rename(path)
                made.append(territory)
        flush(folder)
    return made


def add_territory_keys(keys: Path) -> None:
    """Puts a new key before the others of each territory: it seals from now on."""
    for path in sorted((keys / FOLDER).glob(f"*{SUFFIX}")):
        with alone(path.parent):
            write(draft(path), _line(path.stem) + path.read_text("ascii"))
            draft(path).rename(path)
            flush(path.parent)


def retire_territory_keys(keys: Path) -> None:
    """Leaves only the key in use of each territory, and overwrites the former file."""
    for path in sorted((keys / FOLDER).glob(f"*{SUFFIX}")):
        with alone(path.parent):
            retire(path)


def _line(territory: str) -> str:
    secret, text = new_secret()
    return f"{_name(territory, secret)} {text}\n"


def _name(territory: str, secret: bytes) -> str:
    return f"{territory}/{hashlib.sha256(secret).hexdigest()[:8]}"
