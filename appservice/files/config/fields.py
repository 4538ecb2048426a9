"""Values that several parts of the configuration have: addresses, ports, paths."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from appservice.files.yaml_source import Table

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server of ours listens."""

    host: str
    port: int


def address_of(table: Table, key: str, port: int) -> Address:
    """Where to listen; 127.0.0.1 and `port` unless said otherwise."""
    inner = table.table(key, required=False)
    if inner is None:
        return Address("127.0.0.1", port)
    inner.only("host", "port")
    return Address(inner.text("host", "127.0.0.1"), port_of(inner, "port", port))


def port_of(table: Table, key: str, usual: int) -> int:
    """A port that can be asked for by number."""
    port = table.whole(key, usual)
    if not 0 < port < 65536:
        table.problem(key, f"« {key} » va de 1 à 65535, pas {port}")
    return port


def url_of(table: Table, key: str) -> str:
    """An address of the web, without a password in it."""
    url = table.text(key)
    parts = split(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.netloc):
        table.problem(key, f"« {key} » doit être une adresse http:// ou https://, pas « {url} »")
    if parts.password is not None:
        table.problem(key, f"« {key} » contient un mot de passe : passez par un fichier")
    return url


def split(url: str) -> SplitResult:
    """Its parts; empty ones when it is no address."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts


def path_of(table: Table, key: str, *, folder: bool = False) -> Path:
    """A file, or a folder, that exists. Relative to the folder of the YAML file."""
    text = table.text(key)
    path = table.path.parent / text
    if text and not (path.is_dir() if folder else path.is_file()):
        what = "dossier introuvable" if folder else "fichier introuvable"
        table.problem(key, f"« {key} » : {what} « {text} »")
    return path
