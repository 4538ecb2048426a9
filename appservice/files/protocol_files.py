"""The files of the protocol, packed as they are, and put back as they were."""

import json
import tempfile
import zlib
from dataclasses import fields
from pathlib import Path

from appservice.domain.errors import PermanentFailure
from appservice.domain.protocol.facts import digest_of, facts_of
from appservice.files.world import WorldPaths, load_world, shipped_paths

_READ = (".yaml", ".md", ".jsonl")
_SHIPPED = (
    "Les fichiers du protocole sont ceux du logiciel : donnez-lui les vôtres (section « world »), "
    "ou réinstallez la version précédente."
)


def packed(paths: WorldPaths) -> bytes:
    """Everything that was read, of every folder."""
    folders = {
        name: {str(path.relative_to(folder)): path.read_text("utf-8") for path in _read_in(folder)}
        for name, folder in _folders(paths).items()
    }
    return zlib.compress(json.dumps(folders, ensure_ascii=False, sort_keys=True).encode(), 9)


def put_back(paths: WorldPaths, data: bytes, digest: str) -> int:
    """How many files were written or taken away.

    They are read in a folder apart first: nothing moves unless they say what they said then.
    Raises PermanentFailure, BadFiles, OSError.
    """
    if paths == shipped_paths():
        raise PermanentFailure(_SHIPPED)
    folders = json.loads(zlib.decompress(data))
    with tempfile.TemporaryDirectory() as apart:
        tried = WorldPaths(**{name: Path(apart) / name for name in folders})
        _write(tried, folders)
        if digest_of(facts_of(load_world(tried))) != digest:
            raise PermanentFailure("Ces fichiers ne disent plus ce qu'ils disaient : rien changé.")
    return _write(paths, folders)


def _write(paths: WorldPaths, folders: dict[str, dict[str, str]]) -> int:
    count = 0
    for name, folder in _folders(paths).items():
        wanted = {folder / path: text for path, text in folders[name].items()}
        for path in _read_in(folder):
            if path not in wanted:
                path.unlink()
                count += 1
        for path, text in wanted.items():
            if path.is_file() and path.read_text("utf-8") == text:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            count += 1
    return count


def _folders(paths: WorldPaths) -> dict[str, Path]:
    return {field.name: getattr(paths, field.name) for field in fields(paths)}


def _read_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _READ and path.is_file())
