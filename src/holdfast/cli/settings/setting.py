"""One setting: its value, who said it, and whose fault it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from holdfast.cli.failures import SettingsError
from holdfast.errors import ConfigurationError

TYPED = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """``origin``: the file or variable that says so; ``TYPED``: a flag."""

    value: Any
    origin: str = TYPED


Settings = Mapping[str, Setting]
"""By key; a key in a group has its name before it, as ``reconnect.max_delay_s``."""


def refused(origin: str, fact: str, hint: str | None = None) -> ConfigurationError:
    """What a person typed is wrong usage (2), what stands somewhere is a wrong setting (78)."""
    if origin == TYPED:
        return ConfigurationError(fact, hint=hint)
    return SettingsError(f"{origin}: {fact}", hint=hint)


@contextmanager
def blamed(origin: str, key: str = "") -> Iterator[None]:
    """What is wrong in here is the fault of this origin; the sentence names the key."""
    try:
        yield
    except SettingsError:
        raise
    except ConfigurationError as error:
        sentence = str(error)
        named = not key or key.rpartition(".")[2] in sentence
        raise refused(origin, sentence if named else f"{key}: {sentence}", error.hint) from error


def origin_of(settings: Settings) -> str:
    """Who said these, for what is wrong with them together."""
    return " and ".join(dict.fromkeys(one.origin for one in settings.values() if one.origin != TYPED))


def nearest(key: str, known: Collection[str]) -> str:
    """The hint for a key that nobody knows."""
    from difflib import get_close_matches  # for those who mistyped, only

    close = get_close_matches(key, known, 1, 0.5)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
