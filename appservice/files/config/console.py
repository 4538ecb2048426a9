"""The console's section of the configuration."""

from dataclasses import dataclass

from appservice.files.config.fields import LOOPBACK, Address, port_of, split, url_of
from appservice.files.config.organisations import OrganisationConfig, organisations_of
from appservice.files.yaml_source import Table

_PORT = 29323
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class ConsoleConfig:
    """Where people reach the console, and where it listens."""

    url: str  # without a final slash
    listen: Address
    behind_proxy: bool
    organisations: tuple[OrganisationConfig, ...] = ()
    authority: str = ""  # a body of the State, dressed in its design system


def console_of(table: Table) -> ConsoleConfig:
    """By https, but on the machine itself: passwords travel there."""
    table.only("url", "host", "port", "behind_proxy", "organisations", "state_authority")
    url = url_of(table, "url").rstrip("/")
    parts = split(url)
    if parts.path or parts.query:
        table.problem("url", "« url » : la console a un nom de site à elle, sans chemin")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        table.problem("url", "« url » : https, sauf sur la machine même (127.0.0.1)")
    return ConsoleConfig(
        url=url,
        listen=Address(table.text("host", "127.0.0.1"), port_of(table, "port", _PORT)),
        behind_proxy=table.flag("behind_proxy", False),
        organisations=organisations_of(table),
        authority=_authority(table),
    )


def _authority(table: Table) -> str:
    """Its name, as its own pages say it. A mairie is none: nothing is dressed by default."""
    name = table.text("state_authority", "").strip()
    if "state_authority" in table and not 0 < len(name) <= _LONGEST_NAME:
        table.problem(
            "state_authority", f"« state_authority » : son nom, {_LONGEST_NAME} signes au plus"
        )
    return name
