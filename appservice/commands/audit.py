"""The audit chain: signed, exported, and verified by anybody offline."""

import sys
from argparse import Namespace
from pathlib import Path

from appservice.app import clock, open_office
from appservice.files.config import load_config
from appservice.store.audit import read_export, verify


async def export(args: Namespace) -> int:
    """Signs where the chain stands, then prints it as JSON lines: acts, never content."""
    async with open_office(load_config(args.config)) as office:
        await office.store.audit.checkpoint(office.keys, clock())
        async for line in office.store.audit.export():
            print(line)
    return 0


async def check(args: Namespace) -> int:
    """Needs the export and the public key only. Exit status 1 when the chain doesn't hold."""
    try:
        lines = _lines(Path(args.file))
        entries, checkpoints = read_export(lines)
        faults = verify(entries, checkpoints, args.key)
    except (OSError, ValueError) as error:
        print(f"{args.file} : {error}", file=sys.stderr)
        return 2
    for fault in faults:
        print(fault)
    print(
        f"{len(entries)} actes, {len(checkpoints)} points de contrôle : "
        + ("la chaîne tient." if not faults else "la chaîne est rompue."),
        file=sys.stderr,
    )
    return 1 if faults else 0


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()
