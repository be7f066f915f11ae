"""A real PostgreSQL of one's own: a folder, a free port, and processes that are ended by their ids.

It refuses to run as root, so there it runs as somebody else. ``fsync`` is on, as everywhere.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from tests.support.leaks import SECRET
from tests.support.mosquitto import free_port

START_LIMIT_S = 30

_serial = count(1)


class Postgres:
    """``start()`` and ``stop()``; databases of one's own; the same port over restarts."""

    def __init__(self) -> None:
        self.port = free_port()
        # Not pytest's folder, which nobody but its owner may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._as = _somebody()
        self._process: subprocess.Popen[bytes] | None = None
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        self._initialise()

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(SECRET)
        secret.chmod(0o644)
        subprocess.run(
            [
                *(_program("initdb"), "-D", self.folder / "data", "-U", "holdfast", "-A", "scram-sha-256"),
                *("--pwfile", secret, "-E", "UTF8", "--no-locale"),
            ],
            check=True,
            capture_output=True,
            **self._as,
        )

    def start(self) -> None:
        """Return when it takes statements."""
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [
                    *(_program("postgres"), "-D", self.folder / "data", "-p", str(self.port)),
                    *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}"),
                ],
                stdout=log,
                stderr=log,
                **self._as,
            )
        deadline = time.monotonic() + START_LIMIT_S
        while not self._answers():
            assert time.monotonic() < deadline, "postgres does not answer"
            time.sleep(0.01)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it and wait: SIGINT lets it close its books, SIGKILL takes all its processes at once."""
        process, self._process = self._process, None
        if process is not None:
            self._signal(process, signal.SIGCONT)
            children = _children(process.pid)
            if how == signal.SIGKILL:
                self._signal(process, how)
            else:
                process.send_signal(how)
            process.wait(START_LIMIT_S)
            while any(map(_runs, children)):  # the next server would find their memory in use
                time.sleep(0.001)

    def freeze(self) -> None:
        """Nothing in it runs any more, and all its connections stay."""
        assert self._process is not None
        self._signal(self._process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        assert self._process is not None
        self._signal(self._process, signal.SIGCONT)

    def _signal(self, process: subprocess.Popen[bytes], which: signal.Signals) -> None:
        """To each of its processes: they are in sessions of their own."""
        for pid in [process.pid, *_children(process.pid)]:
            try:
                os.kill(pid, which)
            except ProcessLookupError:
                continue

    def remove(self) -> None:
        """It is stopped, and its folder is in nobody's way."""
        self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def url(self, database: str = "postgres", *, port: int = 0) -> str:
        """With the password."""
        return f"postgresql://holdfast:{SECRET}@127.0.0.1:{port or self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """On a connection of its own, committed."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self) -> Iterator[Database]:
        """A fresh one, removed behind."""
        name = f"test_{next(_serial)}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield Database(self, name)
        finally:
            if self._process is None:
                self.start()
            self.thaw()
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Database:
    """One database of a server."""

    def __init__(self, server: Postgres, name: str) -> None:
        self.server = server
        self.name = name

    @property
    def url(self) -> str:
        """With the password."""
        return self.server.url(self.name)

    def through(self, port: int) -> str:
        """The URL by way of a proxy that listens there."""
        return self.server.url(self.name, port=port)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """On a connection of its own, committed."""
        return self.server.execute(sql, self.name)


def _children(parent: int) -> list[int]:
    """As the kernel knows them."""
    listing = Path(f"/proc/{parent}/task/{parent}/children")
    try:
        return [int(pid) for pid in listing.read_text().split()]
    except OSError:
        return []


def _runs(pid: int) -> bool:
    """Not gone, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _somebody() -> dict[str, Any]:
    """Whom to run as: oneself, unless that is root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed"
    return found
