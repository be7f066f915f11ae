"""stdout and stderr, and what comes of words that nobody takes.

Whoever reads them may be slow or gone, or a disk that is full. What a command does must not depend on it:

    offer    news, and how it goes: taken at once, or not said; whoever says it waits for nobody
    say      a last sentence: waited for; on a stream that is broken it is not said
    write    a result: waited for; nobody may believe that it was written when it was not

All go past Python's buffer, where what could not be written would be tried again at the end of the process.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from holdfast.errors import HoldfastError

PIECE: int = getattr(select, "PIPE_BUF", 512)
"""A pipe that is ready takes so much without waiting."""

Stream = TextIO | None
"""None: the process was started without it."""


class Unwritten(HoldfastError):
    """stdout does not take a result."""


def offer(stream: Stream, text: str) -> None:
    """Say it where it is taken at once."""
    with suppress(OSError, ValueError):
        _put(stream, text, 0)


def say(stream: Stream, text: str) -> None:
    """Say it, however long that takes."""
    with suppress(OSError, ValueError):
        _put(stream, text, None)


def write(stream: Stream, text: str) -> None:
    """Say it, however long that takes. Raises BrokenPipeError, Unwritten."""
    try:
        _put(stream, text, None)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise Unwritten(f"stdout cannot be written: {why}", hint="send it elsewhere, or make room") from error


def _put(stream: Stream, text: str, wait_ms: int | None) -> None:
    if stream is None:
        raise ValueError("it is closed")
    try:
        fd = stream.fileno()
    except (OSError, ValueError):  # it is no file, but something in memory
        stream.write(text)
        stream.flush()
        return
    data = text.encode(stream.encoding or "utf-8", "backslashreplace")
    while data and _takes(fd, wait_ms):
        data = data[os.write(fd, data[:PIECE] if wait_ms == 0 else data) :]


def _takes(fd: int, wait_ms: int | None) -> bool:
    if not hasattr(select, "poll"):  # on Windows
        return True
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(wait_ms))


class Talk:
    """stderr as rich writes to it; ``put`` gets what was written, when that is flushed."""

    def __init__(self, put: Callable[[Stream, str], None]) -> None:
        self.put = put
        self._text = ""

    def write(self, text: str) -> int:
        """Until ``flush``."""
        self._text += text
        return len(text)

    def flush(self) -> None:
        """Put it into the stream that is there now."""
        text, self._text = self._text, ""
        self.put(sys.stderr, text)

    def isatty(self) -> bool:
        """Whether a person looks on."""
        stream: Stream = sys.stderr  # which typeshed believes to be there always
        return stream is not None and stream.isatty()
