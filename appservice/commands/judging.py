"""Judges messages from the command line, and measures the rules on a corpus."""

import io
import sys
from argparse import Namespace

from appservice.moderate_cli import moderate, policy_pages, policy_test


async def run(args: Namespace) -> int:
    """JSON Lines in, JSON Lines out: both are UTF-8, whatever the terminal speaks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    return moderate(sys.stdin.buffer, sys.stdout, sys.stderr, explain=args.explain)


async def policy(args: Namespace) -> int:
    """Confusion, precision and recall per rule, and the errors; or a page for each rule."""
    if args.what == "pages":
        return policy_pages(args.file)
    return policy_test(args.file, args.html)
