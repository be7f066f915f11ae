"""An error as a sentence and an exit code.

====  ======================================================================
code  meaning
====  ======================================================================
   0  done
   1  a message or check failed
   2  usage: a wrong URL, port or flag
  69  gave up on the broker
  73  the database or outbox cannot be used
  78  a setting from a file or the environment is wrong; starting again will not help
====  ======================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from holdfast.errors import ConfigurationError, HoldfastError, OutboxError, Stopped, Timeout
from holdfast.ingest import SinkError


class Code(IntEnum):
    """Exit codes, as in sysexits.h where it has one."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 69
    CANTCREAT = 73
    CONFIG = 78


@dataclass(frozen=True, slots=True)
class Failure:
    """What the command says last, and ends with."""

    sentence: str
    code: Code


class SettingsError(ConfigurationError):
    """A setting that nobody typed, from a file or the environment, is wrong."""


# The first row whose kind fits counts.
_CODES: tuple[tuple[type[HoldfastError], Code], ...] = (
    (SettingsError, Code.CONFIG),
    (ConfigurationError, Code.USAGE),
    (SinkError, Code.CANTCREAT),
    (OutboxError, Code.CANTCREAT),
    (Timeout, Code.UNAVAILABLE),
    (Stopped, Code.UNAVAILABLE),
    (HoldfastError, Code.FAILED),
)


def explain(error: HoldfastError) -> Failure:
    """The sentence with its next step, and the code."""
    return Failure(spoken(error), next(code for kind, code in _CODES if isinstance(error, kind)))


def spoken(error: HoldfastError) -> str:
    """Sentence and hint as one text."""
    return with_hint(str(error), error.hint)


def with_hint(sentence: str, hint: str | None) -> str:
    """``Sentence. Hint.``, whatever the two end with."""
    return f"{_ended(sentence)} {_ended(hint[0].upper() + hint[1:])}" if hint else _ended(sentence)


def _ended(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
