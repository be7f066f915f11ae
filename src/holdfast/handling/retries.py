"""What becomes of a message whose handler raised: again at some time, or a dead letter.

raised                         counts    then
Reject                         -         dead letter
PayloadError, ``never``        -         dead letter: it would fail again
``forever``                    no        again, for as long as it takes
Retry, anything else           yes       again, until ``attempts`` have counted; then dead letter

A handler that is cancelled, or that the client ends under, has not raised: its message is not
acknowledged, and the broker's session keeps it.
"""

from __future__ import annotations

from math import inf

from holdfast.errors import ConfigurationError, HoldfastError, PayloadError
from holdfast.handling.outcomes import Reject, Retry
from holdfast.values import Frozen, Value

Kinds = tuple[type[BaseException], ...]

DOUBLINGS = 60
"""Delays double so often at most: far above any limit, and no number that grows for years."""


class Retries(Frozen):
    """How often a message is handled, and when again.

    ``attempts`` in all, the first one included; 1: it is not tried again. The delays double from
    ``first_delay_s`` up to ``max_delay_s``. An error of ``forever`` does not count: a database that is away
    for an hour costs no message. One of ``never`` is not tried again, nor is a PayloadError ever.
    Raises ConfigurationError.
    """

    __match_args__ = ("attempts", "first_delay_s", "max_delay_s", "never", "forever")
    __slots__ = __match_args__

    def __init__(
        self,
        attempts: int = 5,
        *,
        first_delay_s: float = 1,
        max_delay_s: float = 60,
        never: Kinds = (PayloadError,),
        forever: Kinds = (OSError,),
    ) -> None:
        self.attempts = attempts
        self.first_delay_s = first_delay_s
        self.max_delay_s = max_delay_s
        self.never = never
        self.forever = forever
        if attempts < 1 or attempts % 1:
            raise ConfigurationError(f"Retries: attempts must be 1 or more, not {attempts!r}")
        if not 0 <= first_delay_s <= max_delay_s or first_delay_s == inf:
            raise ConfigurationError(
                "Retries: first_delay_s must be finite and 0 to max_delay_s, "
                f"not {first_delay_s} and {max_delay_s}"
            )
        _check_kinds("never", never)
        _check_kinds("forever", forever)


def _check_kinds(name: str, kinds: object) -> None:
    if not isinstance(kinds, tuple) or not all(
        isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds
    ):
        raise ConfigurationError(
            f"Retries: {name} must be a tuple of exceptions, not {kinds!r}", hint=f"{name}=(KeyError,)"
        )


DEFAULT_RETRIES = Retries()


class Again(Value):
    """It is handled once more at this time; so many attempts have counted."""

    __match_args__ = ("at", "tries")
    __slots__ = __match_args__

    def __init__(self, at: float, tries: int) -> None:
        self.at = at
        self.tries = tries


class Dead(Value):
    """It becomes a dead letter, for this reason."""

    __match_args__ = ("reason",)
    __slots__ = __match_args__

    def __init__(self, reason: str) -> None:
        self.reason = reason


def decide(error: BaseException, retries: Retries, attempt: int, tries: int, now: float) -> Again | Dead:
    """What follows from this error of the attempt with this number; ``tries`` have counted before it."""
    if isinstance(error, (Reject, PayloadError, *retries.never)):
        return Dead(_words(error))
    if isinstance(error, retries.forever):
        return Again(now + _delay_s(retries, attempt), tries)
    tries += 1
    if tries >= retries.attempts:
        return Dead(f"after {attempt} attempts: {_words(error)}" if attempt > 1 else _words(error))
    asked = error.delay_s if isinstance(error, Retry) else None
    return Again(now + (_delay_s(retries, attempt) if asked is None else asked), tries)


def _delay_s(retries: Retries, attempt: int) -> float:
    doubled: float = retries.first_delay_s * 2 ** min(attempt - 1, DOUBLINGS)
    return min(retries.max_delay_s, doubled)


def _words(error: BaseException) -> str:
    """The error for people; Python's own tell little without their names."""
    if isinstance(error, Reject | Retry):
        return error.reason or "the handler raised Retry"
    text, name = str(error), type(error).__name__
    return text if isinstance(error, HoldfastError) else f"{name}: {text}" if text else name
