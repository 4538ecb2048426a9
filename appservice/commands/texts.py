"""Texts from the command line: what a telephone will show, and what people said of them."""

import sys
from argparse import Namespace

from appservice.app import clock, open_office
from appservice.commands.register import named
from appservice.domain.enrolment import OPERATOR
from appservice.domain.errors import PermanentFailure
from appservice.domain.telephone.shown import shown
from appservice.domain.wording.preview import on_telephone
from appservice.files.config import load_config
from appservice.files.world import load_world, shipped_paths
from appservice.flows.telephone.words import record


async def preview(args: Namespace) -> int:
    """In the territories of the configuration that is named, or those that ship."""
    if args.config_given:
        config = load_config(args.config)
        world = load_world(config.world, config.settings)
    else:
        world = load_world(shipped_paths())
    territory = world.territories.get(args.territory)
    if territory is None:
        known = ", ".join(sorted(world.territories))
        raise PermanentFailure(f"Territoire inconnu « {args.territory} ». Connus : {known}.")
    text = args.text if args.text is not None else sys.stdin.read().strip()
    seen = shown(text, gsm7_only=world.settings.gsm7_only or territory.texts.gsm7_only)
    print(on_telephone(text, seen))
    print(f"{seen.segments} SMS par téléphone.")
    return 0


async def consent(args: Namespace) -> int:
    """OUI or STOP as told to the mairie, where the sender's name takes no answers."""
    async with open_office(load_config(args.config)) as office:
        person = await named(office, args.member)
        async with office.store.transaction() as tx:
            yes = args.answer == "oui"
            done = await record(tx, person, OPERATOR, clock(), yes=yes)
    print("Enregistré." if done else "C'était déjà le cas.")
    return 0
