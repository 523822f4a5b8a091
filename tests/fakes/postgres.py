"""A real PostgreSQL for the tests: started in a folder of its own, as another user where the tests run as root."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

START_TIMEOUT_S = 60


class NoPostgres(Exception):
    """No PostgreSQL server can be started here; says why."""


def _binaries() -> Path:
    for found in (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), shutil.which("initdb")):
        if found is not None:
            folder = Path(found) if Path(found).is_dir() else Path(found).parent
            if (folder / "initdb").exists():
                return folder
    raise NoPostgres("PostgreSQL is not installed (Debian: apt install postgresql)")


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom the server runs as where we are root, which it refuses; None where we are not."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("the tests run as root and there is no other user to run PostgreSQL as")


@contextmanager
def running_server() -> Iterator[str]:
    """The server's socket folder; raises NoPostgres."""
    binaries, user = _binaries(), _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid}

        def run(*command: str) -> None:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, cwd=folder, timeout=START_TIMEOUT_S, **as_user
            )
            if done.returncode:
                raise NoPostgres(f"{Path(command[0]).name} failed: {done.stderr.strip()[-300:]}")

        run(str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "tests", "-A", "trust", "--no-sync")
        # No test cuts this server's power, so it need not flush; the gateway's own settings are tested all the same.
        options = f"-c listen_addresses='' -k {folder} -c max_connections=300 -c fsync=off -c full_page_writes=off"
        control = (str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w")
        run(*control, "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield str(folder)
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def restart_server(sockets: str, mode: str) -> None:
    """Ends the server in this folder (`fast`: connections are ended; `immediate`: killed) and starts it again."""
    user = _unprivileged()
    as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid}
    folder = Path(sockets)
    command = [str(_binaries() / "pg_ctl"), "-D", str(folder / "data"), "-w", "-m", mode, "-l", str(folder / "log")]
    done = subprocess.run(
        [*command, "restart"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=START_TIMEOUT_S,
        **as_user,
    )
    if done.returncode:
        raise NoPostgres(f"pg_ctl restart failed: {done.stderr.strip()[-300:]}")


@contextmanager
def fresh_database(sockets: str, *, name: str = "", template: str = "template1") -> Iterator[str]:
    """The SQLAlchemy URL of a new database, a copy of `template` (to which nobody may be connected)."""
    name = name or "t" + secrets.token_hex(6)
    _administer(sockets, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield f"postgresql+psycopg://tests@/{name}?host={sockets}"
    finally:
        _administer(sockets, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(sockets: str, statement: str) -> None:
    # By a connection of its own: a test may restart the server meanwhile.
    with psycopg.connect(f"host={sockets} user=tests dbname=postgres", autocommit=True) as admin:
        admin.execute(statement)  # type: ignore[arg-type]
