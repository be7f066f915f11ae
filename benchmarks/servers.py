"""The servers of a run, each a process of its own on a free loopback port, started when first asked for."""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from benchmarks import certificate
from benchmarks.cases import Case, Server
from benchmarks.environments import ROOT

if TYPE_CHECKING:
    from tests.support.postgres import Postgres

_START_LIMIT_S = 10.0
_REPORT_LIMIT_S = 10.0


class Unavailable(Exception):
    """A server that cannot be had on this machine; what needs it is not measured."""


class Failed(Exception):
    """A client crashed, hung, or what was delivered is not what was sent: the measurement is void."""


class AckServer(AbstractContextManager["AckServer"]):
    """The ack server in its own process, for the whole run."""

    def __init__(self, *options: str) -> None:
        self._options = options

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.ack_server", *self._options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, bufsize=0)
        self.port = int(self._line()["port"])
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()

    def report(self) -> dict[str, Any]:
        """Of the connection that ended first among those not yet told; waits a while for its end."""
        return self._line()

    def _line(self) -> dict[str, Any]:
        out = self._process.stdout
        assert out
        if not select.select([out], [], [], _REPORT_LIMIT_S)[0]:
            raise Failed("the ack server has seen no connection end")
        line = out.readline()
        if not line:
            raise Failed("the ack server has ended")
        report: dict[str, Any] = json.loads(line)
        return report


# Nothing is kept and nothing is dropped. The number in flight is only a wish: mosquitto 2.0.11 soon has many
# more on the wire, whatever is configured.
_MOSQUITTO = """\
allow_anonymous true
persistence false
set_tcp_nodelay true
max_queued_messages 0
max_inflight_messages 500
log_type error
listener {port} 127.0.0.1
listener {websocket} 127.0.0.1
protocol websockets
"""


class Mosquitto(AbstractContextManager["Mosquitto"]):
    """A mosquitto with a TCP and a WebSocket listener, started and ended by its process id."""

    def __enter__(self) -> Self:
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin")
        if program is None:
            raise Unavailable("mosquitto is not installed")
        self.port, self.websocket_port = _free_ports(2)
        self._folder = tempfile.TemporaryDirectory()
        config = Path(self._folder.name) / "mosquitto.conf"
        own_user = "user root\n" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
        config.write_text(own_user + _MOSQUITTO.format(port=self.port, websocket=self.websocket_port))
        self._process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
        self._wait_until_it_listens()
        return self

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + _START_LIMIT_S
        while not (_listens(self.port) and _listens(self.websocket_port)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise Unavailable("mosquitto does not start with a WebSocket listener")
            time.sleep(0.01)

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()

    def cpu_s(self) -> float:
        """What the process has used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Servers(AbstractContextManager["Servers"]):
    """All of them; what cannot be had is tried once and raises Unavailable from then on."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._acks: dict[Server, AckServer] = {}
        self._mosquitto: Mosquitto | None = None
        self._postgres: Postgres | None = None
        self._unavailable: dict[Server, str] = {}
        self.ca_file = ""
        """The authority of the server behind TLS, when it runs."""

    def __exit__(self, *exc: object) -> None:
        for which in list(self._acks):
            self.renew(which)
        self._running.close()

    def ack(self, which: Server) -> AckServer:
        if which not in self._acks:
            options = self._certificate() if which == "tls" else ["--mute"] if which == "mute" else []
            self._acks[which] = AckServer(*options).__enter__()
        return self._acks[which]

    def renew(self, which: Server) -> None:
        """After a failure: connections the failed client has left behind would be told as the next one's."""
        if stale := self._acks.pop(which, None):
            stale.__exit__()

    def mosquitto(self) -> Mosquitto:
        if reason := self._unavailable.get("mosquitto"):
            raise Unavailable(reason)
        if self._mosquitto is None:
            try:
                self._mosquitto = self._running.enter_context(Mosquitto())
            except Unavailable as missing:
                self._unavailable["mosquitto"] = str(missing)
                raise
        return self._mosquitto

    def postgres(self) -> Postgres:
        """Started when first asked for. Raises Unavailable."""
        from tests.support.postgres import Postgres  # as the tests have it

        if shutil.which("postgres", path=_programs()) is None:
            raise Unavailable("PostgreSQL is not installed")
        os.environ["PATH"] = _programs()
        if self._postgres is None:
            self._postgres = Postgres()
            self._running.callback(self._postgres.remove)
            self._postgres.start()
        return self._postgres

    def port(self, case: Case) -> int:
        """Where the client of this case connects; 0: nowhere. Raises Unavailable."""
        if case.server == "websocket":
            return self.mosquitto().websocket_port
        if case.server == "mosquitto":
            return self.mosquitto().port
        return self.ack(case.server).port if case.server else 0

    def _certificate(self) -> list[str]:
        folder = self._running.enter_context(tempfile.TemporaryDirectory())
        try:
            made = certificate.make(Path(folder))
        except (OSError, subprocess.CalledProcessError) as error:
            raise Unavailable(f"no certificate: {error}") from error
        self.ca_file = str(made.cert)
        return ["--cert", str(made.cert), "--key", str(made.key)]


def _programs() -> str:
    """Debian puts PostgreSQL where only its own commands look."""
    return os.pathsep.join([os.environ.get("PATH", ""), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])


def _free_ports(count: int) -> list[int]:
    """Ports nobody listens on just now, all different."""
    with ExitStack() as held:
        socks = [held.enter_context(closing(socket.socket())) for _ in range(count)]
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in socks]


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
