"""pipe.py: what happens to the bytes. (What users see: test_proxy.py.)"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from holdfast.testing import pipe as module
from holdfast.testing.pipe import Pipe, Weather


class Ends:
    """A pipe between two socket pairs, and time by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(module, "monotonic", lambda: self.now)
        self.writer, source = socket.socketpair()
        target, self.reader = socket.socketpair()
        for sock in (source, target, self.reader):
            sock.setblocking(False)
        self.sockets = [self.writer, source, target, self.reader]
        self.weather = Weather()
        self.pipe = Pipe(source, target, self.weather)

    def step(self, seconds: float = 0.0) -> bytes | None:
        """Let time pass and the pipe work; what arrives, None at the end."""
        self.now += seconds
        self.pipe.read()
        self.pipe.write()
        try:
            return self.reader.recv(1 << 20) or None
        except BlockingIOError:
            return b""


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ends]:
    made = Ends(monkeypatch)
    yield made
    for sock in made.sockets:
        sock.close()


def test_in_fine_weather_everything_passes_at_once(ends: Ends) -> None:
    """And the end of the stream behind it."""
    assert ends.step() == b""
    ends.writer.send(b"one")
    assert ends.step() == b"one"
    ends.writer.send(b"two")
    ends.writer.shutdown(socket.SHUT_WR)
    assert ends.step() == b"two"
    assert ends.step() is None
    assert ends.pipe.is_done
    assert not ends.pipe.wants()


def test_a_delay_shifts_everything(ends: Ends) -> None:
    """The end of the stream too, because it comes behind."""
    ends.weather.delay_s = 2
    ends.writer.send(b"x")
    ends.writer.shutdown(socket.SHUT_WR)
    assert ends.step() == b""
    assert ends.pipe.due_in_s() == 2
    assert ends.step(1.9) == b""
    assert ends.step(0.2) == b"x"
    assert ends.step() is None


def test_a_rate_lets_so_many_bytes_pass_a_second(ends: Ends) -> None:
    """In slices, in order, the delay on top."""
    ends.weather.rate = 100
    ends.writer.send(bytes(range(200)))
    assert ends.step() == b""
    first = ends.step(1.001)
    assert first == bytes(range(100))
    assert ends.step(1) == bytes(range(100, 200))
    ends.weather.delay_s = 5
    ends.writer.send(b"x" * 10)
    assert ends.step(1) == b""
    assert ends.step(5.2) == b"x" * 10


def test_a_very_low_rate_still_lets_bytes_pass(ends: Ends) -> None:
    """One by one."""
    ends.weather.rate = 1
    ends.writer.send(b"ab")
    ends.step()
    assert [ends.step(1.001), ends.step(1.001)] == [b"a", b"b"]


def test_in_a_hole_nothing_is_read_and_nothing_lost(ends: Ends) -> None:
    """What was on its way waits too."""
    ends.weather.delay_s = 1
    ends.writer.send(b"on its way ")
    assert ends.step() == b""
    ends.weather.hole = True
    ends.writer.send(b"behind")
    assert ends.step(10) == b""
    assert not ends.pipe.wants()
    assert ends.pipe.due_in_s() is None
    ends.weather.hole, ends.weather.delay_s = False, 0
    assert ends.step() == b"on its way behind"


def test_when_healed_what_waits_goes_now(ends: Ends) -> None:
    """In its order."""
    ends.weather.delay_s = 100
    ends.writer.send(b"a")
    ends.step()
    ends.writer.send(b"b")
    ends.step()
    ends.weather.delay_s = 0
    ends.pipe.hurry()
    ends.writer.send(b"c")
    assert ends.step() == b"abc"


def test_a_muted_pipe_says_it_is_the_end_and_goes_on_reading(ends: Ends) -> None:
    """What comes later is dropped, and the source is not blocked."""
    ends.weather.delay_s = 1
    ends.writer.send(b"lost")
    ends.step()
    ends.pipe.mute()
    assert ends.step(2) is None
    ends.writer.send(b"dropped")
    assert ends.step(2) is None
    ends.writer.shutdown(socket.SHUT_WR)
    ends.step()
    assert ends.pipe.is_done


def test_a_full_target_stops_the_source(ends: Ends) -> None:
    """The backlog is bounded, and everything arrives when there is room again."""
    data = bytes(range(256)) * 20_000
    ends.writer.setblocking(False)
    sent = 0
    for _ in range(1000):
        try:
            sent += ends.writer.send(data[sent : sent + (1 << 18)])
        except BlockingIOError:
            if not ends.pipe.wants():
                break
        ends.pipe.read()
        ends.pipe.write()
    assert ends.pipe.is_full
    assert ends.pipe.due_in_s() is None
    got = bytearray()
    while len(got) < sent:
        got += ends.step() or b""
    assert got == data[:sent]
    assert ends.pipe.wants()
