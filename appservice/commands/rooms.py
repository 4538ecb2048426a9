"""Plan and apply: what rooms, people and groups need, shown and done."""

import asyncio
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence

from appservice.app import Office, is_served, open_office, provisioning
from appservice.domain.membership import Step
from appservice.domain.membership.group_steps import AddToGroup
from appservice.domain.membership.people_steps import Invite, PinWelcome, Remove
from appservice.domain.wording.legal import closed
from appservice.files.config import load_config
from appservice.flows.membership import Membership
from appservice.flows.reconciliation import TOPIC

PATIENCE = 30.0  # seconds that the service has to post welcomes
LOOK = 0.5
SENT: Mapping[type[Step], str] = {
    Invite: "invitation(s)",
    PinWelcome: "accueil(s)",
    Remove: "retrait(s) avec leur motif",
    AddToGroup: "ajout(s) à un groupe Signal",
}
"""The steps that people see on their phones."""


async def plan(args: Namespace) -> int:
    """Prints one line per step; nothing when nothing differs."""
    async with open_office(load_config(args.config)) as office, provisioning(office) as rooms:
        steps = await rooms.plan()
        _say_what_is_closed(office)
    for step in steps:
        print(step.describe())
    print(_count(steps), file=sys.stderr)
    return 0


async def apply(args: Namespace) -> int:
    """Does what the plan shows. Welcomes are encrypted: the running service posts them.

    With `--dry-run`: the plan, and how many messages people would get; nothing is changed.
    """
    if args.dry_run:
        return await _rehearse(args)
    async with open_office(load_config(args.config)) as office, provisioning(office) as rooms:
        _say_what_is_closed(office)
        steps = await rooms.plan()
        mine = [step for step in steps if not isinstance(step, PinWelcome)]
        applied = await rooms.apply(mine, _print_step)
        await office.store.wake.ring(TOPIC)
        served = applied.complete and await is_served(office.config)
        waiting = await _welcomes(rooms) if served else _welcomes_of(steps)
    for failure in applied.failures:
        print(f"échec : {failure.step.describe()} ({failure.code})", file=sys.stderr)
    if waiting:
        print(f"{len(waiting)} accueil(s) à publier par le service.", file=sys.stderr)
    print(f"{applied.done} étape(s) faite(s).", file=sys.stderr)
    return 0 if applied.complete else 1


async def _rehearse(args: Namespace) -> int:
    status = await plan(args)
    async with open_office(load_config(args.config)) as office, provisioning(office) as rooms:
        steps = await rooms.plan()
    sent = Counter(SENT[type(step)] for step in steps if type(step) in SENT)
    said = ", ".join(f"{count} {what}" for what, count in sorted(sent.items())) or "rien"
    print(f"Essai à blanc, rien n'est changé. Serait envoyé : {said}.", file=sys.stderr)
    return status


async def _welcomes(rooms: Membership) -> Sequence[Step]:
    """Those that the service has not pinned in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while left := _welcomes_of(await rooms.plan()):
        if loop.time() > deadline:
            return left
        await asyncio.sleep(LOOK)
    return ()


def _welcomes_of(steps: Sequence[Step]) -> Sequence[Step]:
    return [step for step in steps if isinstance(step, PinWelcome)]


def _print_step(step: Step, code: str | None) -> None:
    print(f"{'✗' if code else '✓'} {step.describe()}{f' ({code})' if code else ''}", flush=True)


def _say_what_is_closed(office: Office) -> None:
    for territory in office.world.territories.values():
        if not territory.is_open:
            print(closed(territory), file=sys.stderr)


def _count(steps: Sequence[Step]) -> str:
    return f"{len(steps)} étape(s) à faire." if steps else "Rien à faire."
