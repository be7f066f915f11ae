"""Words that are taken, and words that are not."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from typing import TextIO

import pytest

from holdfast.cli.streams import PIECE, Stream, Talk, Unwritten, offer, say, write

FULL = "/dev/full"
Put = Callable[[Stream, str], None]


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """The end to read from, and the other as a stream."""
    here, there = os.pipe()
    with os.fdopen(there, "w", encoding="utf-8") as stream:
        yield here, stream
    os.close(here)


def fill(stream: TextIO) -> int:
    """Nobody reads, and no more goes in; how much is in it."""
    size, fd = 0, stream.fileno()
    os.set_blocking(fd, False)
    try:
        while True:
            size += os.write(fd, b"x" * PIECE)
    except BlockingIOError:
        os.set_blocking(fd, True)
    return size


@pytest.mark.parametrize("put", [offer, say, write])
def test_what_is_taken_is_out_when_this_returns(put: Put, pipe: tuple[int, TextIO]) -> None:
    """Nothing is left in a buffer, and what the encoding does not have is escaped."""
    here, stream = pipe
    put(stream, "é\udc80\n")
    assert os.read(here, 100) == "é\\udc80\n".encode()


def test_an_offer_waits_for_nobody(pipe: tuple[int, TextIO]) -> None:
    """What a pipe has no room for is not said, nor is the rest of it."""
    here, stream = pipe
    size = fill(stream)
    offer(stream, "not said")
    os.read(here, size // 2)
    offer(stream, "y" * size)
    os.set_blocking(here, False)
    left = os.read(here, 2 * size)
    assert b"not said" not in left
    assert 0 < left.count(b"y") < size


@pytest.mark.parametrize("put", [say, write])
def test_what_is_said_waits_for_its_reader(put: Put, pipe: tuple[int, TextIO]) -> None:
    """However slow: all of it comes."""
    here, stream = pipe
    size = fill(stream)
    found: list[bytes] = []

    def read() -> None:
        while not found or not found[-1].endswith(b"!"):
            found.append(os.read(here, PIECE))

    reader = threading.Thread(target=read)
    reader.start()
    put(stream, "y" * size + "!")
    reader.join(10)
    assert b"".join(found) == b"x" * size + b"y" * size + b"!"


@pytest.mark.parametrize("put", [offer, say])
def test_words_cannot_fail(put: Put, pipe: tuple[int, TextIO]) -> None:
    """On a full disk, in a pipe without a reader, on a stream that is closed or was never there."""
    with open(FULL, "w", encoding="utf-8") as full:
        put(full, "x")
    put(full, "x")
    put(None, "x")
    with without_reader() as stream:
        put(stream, "x")


def without_reader() -> TextIO:
    """A pipe whose other end is closed."""
    here, there = os.pipe()
    os.close(here)
    return os.fdopen(there, "w", encoding="utf-8")


def test_a_result_that_is_not_written_is_told() -> None:
    """In a sentence with the next step; a reader who has had enough is another matter."""
    with open(FULL, "w", encoding="utf-8") as full, pytest.raises(Unwritten) as raised:
        write(full, "x")
    assert str(raised.value) == "stdout cannot be written: No space left on device"
    assert raised.value.hint is not None
    with pytest.raises(Unwritten):
        write(None, "x")
    with without_reader() as stream, pytest.raises(BrokenPipeError):
        write(stream, "x")


def test_talk_is_put_when_it_is_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one piece, into the stream that is there at that moment, if there is any."""
    put: list[tuple[Stream, str]] = []
    talk = Talk(lambda stream, text: put.append((stream, text)))
    talk.write("a")
    talk.write("b")
    assert put == []
    for stream in (io.StringIO(), None):
        monkeypatch.setattr("sys.stderr", stream)
        talk.flush()
        assert put.pop()[0] is stream
        assert not talk.isatty()
