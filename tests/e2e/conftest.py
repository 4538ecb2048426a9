"""The servers that end-to-end tests share."""

from support.fault_town import busy_town
from support.governed import power, regulars, signer, world
from support.homeserver import (
    bot,
    charter_key,
    fresh_database,
    homeserver,
    http,
    make_account,
    make_homeserver,
    postgres,
)

__all__ = [
    "bot",
    "busy_town",
    "charter_key",
    "fresh_database",
    "homeserver",
    "http",
    "make_account",
    "make_homeserver",
    "postgres",
    "power",
    "regulars",
    "signer",
    "world",
]
