"""__main__.py: the broker as a process, and what a kill -9 leaves of it."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.codec import (
    V5,
    Connack,
    Connect,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    SubscribeOption,
)
from holdfast.testing import Broker
from tests.contracts.talk import RawClient

LIMIT_S = 10


_started: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """A test that fails leaves no process behind."""
    yield
    while _started:
        process = _started.pop()
        if process.poll() is None:
            end(process, signal.SIGKILL)


def start(*arguments: str) -> tuple[subprocess.Popen[str], int]:
    """The process, and its port from the first line it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast.testing.broker", *arguments], stdout=subprocess.PIPE, text=True
    )
    _started.append(process)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("mqtt://127.0.0.1:"), url
    return process, int(url.rpartition(":")[2])


def end(process: subprocess.Popen[str], how: signal.Signals) -> int:
    process.send_signal(how)
    assert process.stdout is not None
    process.stdout.close()
    return process.wait(LIMIT_S)


def connect(port: int, clean: bool = False) -> RawClient:
    raw = RawClient(port, V5)
    raw.send(Connect("a", clean, properties={"session_expiry_interval": 60, "receive_maximum": 65535}))
    raw.heard.append(raw.read())
    return raw


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(how: signal.Signals) -> None:
    """One line, then service; exit code 0."""
    process, port = start("--strict")
    raw = connect(port)
    assert isinstance(raw.heard[0], Connack)
    raw.close()
    assert end(process, how) == 0


class Sender:
    """A client with a kept session that publishes to its own subscription, and redoes what was cut off."""

    def __init__(self, port: int) -> None:
        self.unacknowledged: dict[int, bytes] = {}
        self.to_release: dict[int, bytes] = {}
        self.acknowledged: list[bytes] = []
        self.got: list[bytes] = []
        self._serial = 0
        self._half: dict[int, None] = {}
        self.dial(port)
        self.raw.send(Subscribe(65_535, [SubscribeOption("t", 2)]))
        self.read_until(lambda: self._subscribed)

    _subscribed = False

    def dial(self, port: int) -> bool:
        """Connect and resend, in the order of the first time; tells whether the session was there."""
        self.raw = connect(port)
        self.raw.send(*(Pubrel(id) for id in self.to_release))
        self.raw.send(
            *(Publish("t", text, 2, dup=True, packet_id=id) for id, text in self.unacknowledged.items())
        )
        greeting = self.raw.heard[0]
        assert isinstance(greeting, Connack)
        return greeting.session_present

    def publish(self, count: int) -> None:
        """So many new messages at QoS 2."""
        free = [id for id in range(1, 60_000) if id not in self.unacknowledged and id not in self.to_release]
        for id in free[:count]:
            self._serial += 1
            self.unacknowledged[id] = b"%d" % self._serial
            self.raw.send(Publish("t", self.unacknowledged[id], 2, packet_id=id))

    def read(self) -> None:
        """One packet, answered as a good client does: a message counts once per packet id until PUBREL."""
        packet = self.raw.read()
        match packet:
            case Publish(packet_id=id):
                if id not in self._half:
                    self._half[id] = None
                    self.got.append(packet.payload)
                self.raw.send(Pubrec(id))
            case Pubrel(packet_id=id):
                self._half.pop(id, None)
                self.raw.send(Pubcomp(id))
            case Pubrec(packet_id=id):
                self.to_release[id] = self.unacknowledged.pop(id)
                self.raw.send(Pubrel(id))
            case Pubcomp(packet_id=id):
                self.acknowledged.append(self.to_release.pop(id))
            case Suback():
                self._subscribed = True
            case _:
                raise AssertionError(packet)

    def read_until(self, check: Callable[[], bool]) -> None:
        """The socket's own limit ends it."""
        while not check():
            self.read()


def test_a_kill_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Kills at random moments: every message is delivered exactly once, both ways at QoS 2."""
    rng = random.Random(20261121)
    arguments = ("--persist", "fsync", "--path", str(tmp_path / "log"))
    process, port = start(*arguments, "--strict")
    sender = Sender(port)
    for _ in range(5):
        sender.publish(200)
        for _ in range(rng.randint(1, 800)):
            sender.read()
        end(process, signal.SIGKILL)
        sender.raw.close()
        process, port = start(*arguments, "--strict", "--port", str(port))
        assert sender.dial(port)
    sender.read_until(lambda: len(sender.acknowledged) == 1000 and len(sender.got) >= 1000)
    sender.raw.close()
    end(process, signal.SIGTERM)
    assert sorted(sender.got, key=int) == [b"%d" % n for n in range(1, 1001)]


def test_it_says_why_it_cannot_start(tmp_path: Path) -> None:
    """A port that is taken, options that contradict each other: a sentence and exit code 1."""
    with Broker() as broker:
        for arguments in (["--port", str(broker.port)], ["--persist", "fsync"]):
            done = subprocess.run(
                [sys.executable, "-m", "holdfast.testing.broker", *arguments],
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr.startswith("the test broker cannot start: ")
            assert "Traceback" not in done.stderr
