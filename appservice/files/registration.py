"""The registration file that introduces the service to the homeserver."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from appservice.files.yaml_source import BadFiles, ProblemList, read_yaml

# The sender must not be the bot: Synapse answers 500 to /sync for that user.
SENDER_LOCALPART = "_maillage_as"
ALIAS_PREFIX = "maillage_"


def registration(
    *,
    server_name: str,
    url: str | None,
    as_token: str,
    hs_token: str,
    bot_localpart: str = "maillage",
) -> dict[str, object]:
    """What Synapse must know of us. Everything under our names is ours alone.

    No ephemeral or experimental flag: keys come by /sync as the bot, because to-device messages
    in transactions are lost for good while the service is down.
    """
    server = re.escape(server_name)
    return {
        "id": "maillage",
        "url": url,
        "as_token": as_token,
        "hs_token": hs_token,
        "sender_localpart": SENDER_LOCALPART,
        "rate_limited": False,
        "namespaces": {
            "users": [
                {"exclusive": True, "regex": f"@{re.escape(bot_localpart)}:{server}"},
                {"exclusive": True, "regex": f"@_maillage_.*:{server}"},
            ],
            "aliases": [{"exclusive": True, "regex": f"#{ALIAS_PREFIX}.*:{server}"}],
            "rooms": [],
        },
    }


@dataclass(frozen=True, slots=True)
class Tokens:
    """Who we are to the homeserver, and who it is to us."""

    as_token: str = field(repr=False)
    hs_token: str = field(repr=False)


def read_tokens(path: Path) -> Tokens:
    """Both tokens of a registration file. Raises BadFiles."""
    problems = ProblemList()
    root = read_yaml(path, problems)
    if root is None:
        raise BadFiles(problems)
    tokens = Tokens(root.text("as_token"), root.text("hs_token"))
    problems.check()
    return tokens
