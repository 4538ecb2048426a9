"""Versions of the protocol: read, and put back."""

import sys
from argparse import Namespace

from appservice.app import clock, open_office
from appservice.domain.audit import Act
from appservice.domain.enrolment import OPERATOR
from appservice.domain.errors import PermanentFailure
from appservice.domain.protocol.version import changes
from appservice.domain.wording.common import day_and_hour
from appservice.files.config import load_config
from appservice.files.protocol_files import put_back


async def history(args: Namespace) -> int:
    """Each version, the last one first, and what it changed in each territory."""
    async with open_office(load_config(args.config)) as office:
        async with office.store.transaction() as tx:
            known = await tx.protocols.all()
        for former, version in reversed(list(zip([None, *known], known, strict=False))):
            back = f", retour à P{version.back_to}" if version.back_to is not None else ""
            print(f"{version.reference} {day_and_hour(version.at)} {version.digest[:12]}{back}")
            for land in office.world.territories if former is not None else ():
                told = changes(former.facts, version.facts, land) if former is not None else ()
                for change in told:
                    print(f"  {land} : {change}")
    return 0


async def rollback(args: Namespace) -> int:
    """Puts the files of a version back; the service announces it when it starts again."""
    config = load_config(args.config)
    async with open_office(config) as office:
        async with office.store.transaction() as tx:
            found = [one for one in await tx.protocols.all() if one.number == args.number]
            data = await tx.protocols.files(args.number)
        if not found or data is None:
            raise PermanentFailure(f"Aucune version P{args.number} : voir « protocol history ».")
        count = put_back(config.world, data, found[0].digest)
        act = Act(OPERATOR, "protocol.rollback", found[0].reference, clock())
        async with office.store.transaction() as tx:
            await tx.acts.append(act)
    print(f"{found[0].reference} : {count} fichiers remis comme ils étaient.")
    print("Relancez le service : il en fera une version et l'annoncera.", file=sys.stderr)
    return 0
