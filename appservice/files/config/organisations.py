"""Organisations that vouch for their own people in the console, as the configuration says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from appservice.domain.console import Organisation, Position
from appservice.files.config.fields import LOOPBACK, path_of, split, url_of
from appservice.files.yaml_source import Table

_ID = re.compile(r"[a-z0-9-]{1,40}")
_KEYS = (
    "id", "name", "territory", "issuer", "client_id", "client_secret_file", "login_claim",
    "role_claim", "roles",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrganisationConfig:
    """The organisation without its secret, and the file that holds it."""

    organisation: Organisation
    secret_file: Path | None

    def resolve(self) -> Organisation:
        """With its secret. Raises OSError."""
        if self.secret_file is None:
            return self.organisation
        secret = self.secret_file.read_text("utf-8").strip()
        return replace(self.organisation, secret=secret)


def organisations_of(table: Table) -> tuple[OrganisationConfig, ...]:
    """Each has a name of its own, and says which of its words give which position."""
    found: dict[str, OrganisationConfig] = {}
    for inner in table.tables("organisations"):
        inner.only(*_KEYS)
        one = _organisation(inner)
        name = one.organisation.id
        if name and not _ID.fullmatch(name):
            inner.problem("id", "« id » : minuscules, chiffres et tirets, 40 au plus")
        if name in found:
            inner.problem("id", f"« {name} » est donné deux fois")
        found[name] = one
    return tuple(found.values())


def _organisation(table: Table) -> OrganisationConfig:
    issuer = url_of(table, "issuer")
    parts = split(issuer)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        table.problem("issuer", "« issuer » : https, sauf sur la machine même (127.0.0.1)")
    if parts.query or parts.fragment:
        table.problem("issuer", "« issuer » : une adresse sans « ? » ni « # »")
    has_secret = "client_secret_file" in table
    return OrganisationConfig(
        Organisation(
            id=table.text("id"),
            name=table.text("name"),
            territory=table.text("territory"),
            issuer=issuer,
            client_id=table.text("client_id"),
            roles=_roles(table),
            login_claim=table.text("login_claim", "email"),
            role_claim=table.text("role_claim", "roles"),
        ),
        path_of(table, "client_secret_file") if has_secret else None,
    )


def _roles(table: Table) -> Mapping[str, Position]:
    """Written out: a word that is not there gives nothing."""
    inner = table.table("roles")
    if inner is None:
        return {}
    if not inner.keys():
        table.problem("roles", "« roles » est vide : personne ne pourrait entrer")
    known = [position.value for position in Position if position.may_sign_in]
    chosen = {word: inner.choice(word, known) for word in inner.keys()}  # noqa: SIM118 - a Table
    return {word: Position(name) for word, name in chosen.items() if name in known}
