"""The console's section of the configuration."""

from dataclasses import dataclass

from appservice.files.config.fields import LOOPBACK, Address, port_of, split, url_of
from appservice.files.config.organisations import OrganisationConfig, organisations_of
from appservice.files.yaml_source import Table

_PORT = 29323


@dataclass(frozen=True, slots=True)
class ConsoleConfig:
    """Where people reach the console, and where it listens."""

    url: str  # without a final slash
    listen: Address
    behind_proxy: bool
    organisations: tuple[OrganisationConfig, ...] = ()


def console_of(table: Table) -> ConsoleConfig:
    """By https, but on the machine itself: passwords travel there."""
    table.only("url", "host", "port", "behind_proxy", "organisations")
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
    )
