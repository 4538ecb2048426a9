"""`make screenshots`: the pictures that the guides show, taken again by the browser tests."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PICTURES = DOCS / "captures"
SHOWN = re.compile(r"!\[(?P<said>[^\]]*)\]\((?P<path>[^)]+)\)")
COLOURS = 48
"""Enough for flat pages; a third of the weight."""


def guides() -> list[Path]:
    return sorted(DOCS.glob("guide-*.md"))


def shown() -> list[tuple[str, Path, str]]:
    """Each picture of the guides: whose, where it is, and what is said of it."""
    return [
        (guide.name, guide.parent / found["path"], found["said"])
        for guide in guides()
        for found in SHOWN.finditer(guide.read_text("utf-8"))
    ]


def reduce(taken: Path, kept: Path) -> None:
    """In few colours, without dithering: it would weigh more, and letters would be rough."""
    with Image.open(taken) as picture:
        plain = picture.convert("RGB")
    small = plain.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(kept, optimize=True)


def main() -> int:
    """1 when a test fails, or when no test takes a picture that a guide shows."""
    wanted = {path for _, path, _ in shown() if path.parent == PICTURES}
    with tempfile.TemporaryDirectory() as folder:
        words = ("-q", "-p", "no:cacheprovider", "-m", "browser", str(ROOT / "tests/e2e/console"))
        run = subprocess.run(
            [sys.executable, "-P", "-m", "pytest", *words],
            cwd=ROOT,
            env={**os.environ, "MAILLAGE_SCREENSHOTS": folder},
        )
        if run.returncode != 0:
            return 1
        PICTURES.mkdir(exist_ok=True)
        taken = {PICTURES / path.name.replace("-light.png", ".png"): path
                 for path in Path(folder).glob("*-light.png")}  # fmt: skip
        for path in sorted(wanted & taken.keys()):
            reduce(taken[path], path)
    for old in PICTURES.glob("*.png"):
        if old not in wanted:
            old.unlink()
    missing = sorted(path.name for path in wanted - taken.keys())
    sys.stdout.write(f"{len(wanted) - len(missing)} pictures in {PICTURES.relative_to(ROOT)}\n")
    if missing:
        sys.stdout.write(f"no test takes: {', '.join(missing)}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
