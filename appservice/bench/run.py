"""`maillage bench NAME`: one bench, its table or its one JSON object."""

import importlib
import json
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable

from rich.console import Console

from appservice.bench.lab import Lab, open_lab
from appservice.bench.machine import this_machine
from appservice.bench.outcome import Outcome


async def run(args: Namespace) -> int:
    """0 whatever the figures: a slow machine is no failure."""
    machine = this_machine()
    progress = Console(stderr=True)

    def say(text: str) -> None:
        progress.print(f"[dim]{args.name} : {text}", highlight=False)

    module = importlib.import_module(f"appservice.bench.{args.name}")
    bench: Callable[[Lab], Awaitable[Outcome]] = module.bench
    async with open_lab(quick=args.quick, say=say) as lab:
        outcome = await bench(lab)
    if args.json:
        json.dump(outcome.as_json(machine), sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        Console().print(outcome.as_table())
    return 0
