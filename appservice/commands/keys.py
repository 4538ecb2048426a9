"""The keys that seal: made, turned, and destroyed with what they sealed."""

import re
import sys
from argparse import Namespace
from pathlib import Path

from appservice.app import Office, clock, open_office
from appservice.commands.register import named
from appservice.domain.audit import Act
from appservice.domain.enrolment import OPERATOR
from appservice.domain.errors import PermanentFailure
from appservice.files.config import Config, load_config
from appservice.files.keyring.territories import add_territory_keys, retire_territory_keys
from appservice.files.keys import add_master_key, make_keys, retire_master_keys
from appservice.flows.reconciliation import TOPIC
from appservice.store.session import other_clients

_CASE = re.compile(r"[AS][1-9]\d*")
RUNNING = (
    "Le service tourne : arrêtez-le d'abord. Il tient les anciennes clés en mémoire, et "
    "scellerait avec elles ce que plus rien n'ouvrirait ensuite."
)


async def run(args: Namespace) -> int:
    """`keys make FOLDER` (or `keys FOLDER`) and `keys rotate`."""
    if args.what == "rotate":
        return await _rotate(args)
    folder = args.folder if args.what == "make" else args.what
    if folder is None:
        print("usage : maillage keys make DOSSIER", file=sys.stderr)
        return 2
    print(make_keys(Path(folder)).public_key_b64)
    return 0


async def _rotate(args: Namespace) -> int:
    """A new master key; every data key is wrapped anew, then the former master is destroyed.

    Killed half-way, it leaves both keys in the file; running it again finishes.
    """
    config = load_config(args.config)
    await _nobody_else(config)
    add_master_key(config.keys)
    add_territory_keys(config.keys)
    async with open_office(config) as office:
        count = await office.store.rewrap()
        await _record(office, "keys.rotate", "master")
        await office.store.vacuum()
    # Whoever started meanwhile read the keys before us, or with both of them in the file.
    await _nobody_else(config)
    retire_master_keys(config.keys)
    retire_territory_keys(config.keys)
    print(
        f"{count} clé(s) refermée(s) sous la nouvelle clé maîtresse ou celle de leur territoire ; "
        "l'ancienne est détruite."
    )
    print("Sauvegardez de nouveau le dossier des clés, et détruisez l'ancienne copie.")
    return 0


async def shred(args: Namespace) -> int:
    """Erases a member, with what they reported, or one case. What was sent stays on phones."""
    async with open_office(load_config(args.config)) as office:
        owners = await _owners(office, args.what, args.name)
        for owner in owners:
            await office.store.shred(owner, Act(OPERATOR, "shred", owner, clock()))
        await office.store.vacuum()
        await office.store.wake.ring(TOPIC)  # an erased member leaves the rooms
    print(f"Effacé : {', '.join(owner.removeprefix('case:') for owner in owners)}.")
    print(
        "Une sauvegarde ancienne de la base contient encore la clé, fermée sous la clé "
        "maîtresse : « maillage keys rotate » la rend inutile."
    )
    return 0


async def _owners(office: Office, what: str, name: str) -> list[str]:
    if what == "case":
        if not _CASE.fullmatch(name):
            raise PermanentFailure(f"« {name} » n'est ni une alerte (A7) ni un signalement (S12).")
        return [f"case:{name}"]
    person = await named(office, name)
    return [person.id, *await office.store.cases_of(person.id)]


async def _record(office: Office, verb: str, subject: str) -> None:
    async with office.store.transaction() as tx:
        await tx.acts.append(Act(OPERATOR, verb, subject, clock()))


async def _nobody_else(config: Config) -> None:
    """Raises PermanentFailure while a service works on this database, or waits to."""
    if await other_clients(config.database.resolve()):
        raise PermanentFailure(RUNNING)
