"""The password of one attempt: given, asked for, or read from a file, each time anew."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

from holdfast.client.asked import asked
from holdfast.errors import ConfigurationError

Password = str | Callable[[], str] | None


def read(password: Password, file: str | PathLike[str] | None, of_url: str | None) -> bytes | None:
    """What there is of these, in this order. Raises ConfigurationError and FunctionFailed, which hold
    nothing of it."""
    if file is not None:
        return _in_file(file)
    word = asked("password", password)
    if word is None:
        word = of_url
    return None if word is None else word.encode()


def _in_file(path: str | PathLike[str]) -> bytes:
    """All of it but the end of its line. Python's error for what is no text would quote it."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().rstrip("\r\n").encode()
    except OSError as error:
        fact = f"password file {str(path)!r} cannot be read: {error.strerror}"
        raise ConfigurationError(fact, hint="is the path right, and may this user read it?") from error
    except UnicodeDecodeError:
        fact = f"password file {str(path)!r} is not UTF-8"
    raise ConfigurationError(fact, hint="is it the right file, and the password alone in it?")
