"""Objects, one per line, to stdout or into a new file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, TextIO

from holdfast.cli.failures import Code
from holdfast.cli.render import Screen, to_json, write_lines
from holdfast.cli.words import count
from holdfast.errors import OutboxError, OutboxUnwritable

AT_ONCE = 100
"""Lines that are written together."""


def export(records: Iterable[Mapping[str, Any]], to: str | None, screen: Screen) -> int:
    """All of them; with a path, says how many. Raises OutboxError, BrokenPipeError."""
    objects = map(to_json, records)
    if to is None:
        while some := list(islice(objects, AT_ONCE)):
            write_lines(some)
        return Code.DONE
    done = 0
    with new_file(to) as file:
        for line in objects:
            file.write(f"{line}\n")
            done += 1
    screen.result(
        {"event": "exported", "messages": done, "to": to}, f"exported {messages(done)} to {to}", "green"
    )
    return Code.DONE


@contextmanager
def new_file(path: str) -> Iterator[TextIO]:
    """A file that was not there, for its owner only; gone again if writing it fails. Raises OutboxError."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with open(fd, "w", encoding="utf-8", errors="surrogatepass") as file:
            yield file
            file.flush()
            os.fsync(fd)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(path)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def _unwritable(path: str, error: OSError) -> OutboxError:
    if isinstance(error, FileExistsError):
        return OutboxError(
            f"there is something at {path} already", path=path, hint="name a file that is not there"
        )
    return OutboxUnwritable(f"{path} cannot be written: {error.strerror or error}", path=path)


def messages(number: int) -> str:
    """``1 message``, ``2 messages``."""
    return f"{count(number)} message{'' if number == 1 else 's'}"
