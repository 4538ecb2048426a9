"""Who may sign in to the console: a link that works once, printed for the operator to hand on."""

import sys
from argparse import Namespace

from appservice.app import open_office
from appservice.commands.register import named
from appservice.domain.console import Position
from appservice.domain.errors import PermanentFailure
from appservice.files.config import load_config


async def invite(args: Namespace) -> int:
    """Prints the link. A member's function and land are those of the register."""
    async with open_office(load_config(args.config)) as office:
        if office.config.console is None:
            raise PermanentFailure("La configuration n'a pas de section « console ».")
        invitations = office.invitations
        if args.member is not None:
            person = await named(office, args.member)
            token = await invitations.invite_member(args.login, person.id)
        else:
            token = await invitations.invite(
                args.login, args.name, Position(args.role), args.territory
            )
    print(f"{office.config.console.url}/invitation/{token}")
    print("Ce lien sert une fois, pendant 48 heures.", file=sys.stderr)
    return 0
