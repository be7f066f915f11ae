"""The password of one attempt: given, asked for, or read from a file, each time anew."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

from holdfast.client.failures import raised
from holdfast.errors import ConfigurationError

Password = str | Callable[[], str] | None

UNTOLD = "of its error only class and place are told: the words may hold a secret"


def read(password: Password, file: str | PathLike[str] | None, of_url: str | None) -> bytes | None:
    """What there is of these, in this order. Raises ConfigurationError, which holds nothing of it."""
    if file is not None:
        return _in_file(file)
    word = _asked(password) if callable(password) else password
    if word is None:
        word = of_url
    return None if word is None else word.encode()


def _asked(function: Callable[[], str]) -> str:
    """What it gives. Its own error must not stand behind ours: whoever logs one, logs both."""
    try:
        return function()
    except Exception as error:
        what = raised(error)
    raise ConfigurationError(f"the function given as password= raised {what}", hint=UNTOLD)


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
