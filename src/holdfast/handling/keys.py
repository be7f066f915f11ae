"""What tells the messages of one handler apart: those with the same key keep their order."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from holdfast.errors import ConfigurationError, PayloadError
from holdfast.handling.outcomes import ENDINGS
from holdfast.handling.sources import Reading, source
from holdfast.handling.work import Key, KeyOf
from holdfast.messages import Message
from holdfast.topics import Pattern


def keys_of(key: Key, patterns: Sequence[Pattern]) -> tuple[KeyOf, ...]:
    """How to find it in messages of each pattern. Raises ConfigurationError."""
    if isinstance(key, str):
        return tuple(_checked(_by_source(key, pattern), key) for pattern in patterns)
    if not callable(key):
        raise ConfigurationError(
            f"key={key!r} is no key", hint='key="{device}", or a function of the message'
        )
    return (_checked(key, getattr(key, "__qualname__", "the function")),) * len(patterns)


def _by_source(text: str, pattern: Pattern) -> KeyOf:
    find = source(text, pattern.names)

    def key_of(message: Message) -> Hashable:
        value: Hashable = find(Reading(message))
        return value

    return key_of


def _checked(key_of: KeyOf, name: str) -> KeyOf:
    def checked(message: Message) -> Hashable:
        try:
            key = key_of(message)
            hash(key)
        except ENDINGS:
            raise
        except BaseException as error:  # of a function that is not ours; some are no Exception
            what = str(error) if isinstance(error, PayloadError) else f"{type(error).__name__}: {error}"
            raise PayloadError(f"{message.topic}: no key by {name}: {what}") from error
        return key

    return checked
