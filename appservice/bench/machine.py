"""The machine a figure was found on: a figure without it says nothing."""

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """Enough to compare, nothing that names it."""

    cpu: str
    cores: int
    memory_mib: int
    load: float  # of the last minute, before the bench
    python: str
    synapse: str
    system: str

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def this_machine() -> Machine:
    """As it is now."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        memory_mib=pages * size // 2**20,
        load=round(os.getloadavg()[0], 2),
        python=platform.python_version(),
        synapse=_version("matrix-synapse"),
        system=f"{platform.system()} {platform.machine()}",
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "?")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
