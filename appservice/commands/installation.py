"""What an operator does once: check the files, migrate, register with the homeserver."""

import secrets
import sys
from argparse import Namespace

from ruamel.yaml import YAML

from appservice.domain.wording.legal import closed
from appservice.files.config import load_config
from appservice.files.keys import load_keys
from appservice.files.registration import registration
from appservice.files.world import load_world, shipped_paths
from appservice.store import migrate as migrations


async def check(args: Namespace) -> int:
    """Reads every YAML, charter and rule; every mistake is raised at once."""
    config = load_config(args.config) if args.config_given else None
    world = load_world(config.world if config else shipped_paths())
    unready = [territory for territory in world.territories.values() if not territory.is_open]
    for territory in unready:
        print(closed(territory), file=sys.stderr)
    if unready:
        return 1
    communes = sum(len(t.communes) for t in world.territories.values())
    print(
        f"{len(world.territories)} territoires, {communes} communes, "
        f"{len(world.templates)} modèles de salon, {len(world.charters)} chartes, "
        f"{len(world.policy.rules)} règles : tout se lit."
    )
    return 0


async def public_key(args: Namespace) -> int:
    """The key that `charter_gate` trusts, or the certificate that receipts are signed with."""
    keys = load_keys(load_config(args.config).keys)
    print(keys.receipt_certificate.decode().strip() if args.receipts else keys.public_key_b64)
    return 0


async def migrate(args: Namespace) -> int:
    """Brings the database to this version."""
    done = await migrations.migrate(load_config(args.config).database.resolve())
    for name in done:
        print(name)
    print(f"{len(done)} migration(s) appliquée(s).", file=sys.stderr)
    return 0


async def register(args: Namespace) -> int:
    """Prints the registration file for the homeserver, with fresh tokens."""
    YAML(typ="safe", pure=True).dump(
        registration(
            server_name=args.server_name,
            url=args.url,
            as_token=secrets.token_urlsafe(32),
            hs_token=secrets.token_urlsafe(32),
            bot_localpart=args.bot,
        ),
        sys.stdout,
    )
    return 0
