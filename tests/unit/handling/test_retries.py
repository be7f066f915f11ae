"""The decision about a message whose handler raised, row by row."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import Reject, Retries, Retry
from holdfast.errors import ConfigurationError, OutboxFull, PayloadError, Timeout
from holdfast.handling import DEFAULT_RETRIES, Again, Dead, decide

NOW = 1000.0


def test_an_error_is_tried_again_until_the_attempts_have_counted() -> None:
    """Five in all, with doubling delays; then a dead letter with the error and how often it was tried."""
    tries, delays = 0, []
    for attempt in range(1, 5):
        again = decide(ValueError("odd"), DEFAULT_RETRIES, attempt, tries, NOW)
        assert isinstance(again, Again)
        delays.append(again.at - NOW)
        tries = again.tries
    assert delays == [1, 2, 4, 8]
    dead = decide(ValueError("odd"), DEFAULT_RETRIES, 5, tries, NOW)
    assert dead == Dead("after 5 attempts: ValueError: odd")


def test_delays_have_a_limit() -> None:
    """They double up to max_delay_s, whichever number the attempt has."""
    retries = Retries(first_delay_s=0.5, max_delay_s=3)
    decisions = [decide(OSError(), retries, attempt, 0, 0.0) for attempt in (1, 2, 3, 4, 10**6)]
    assert decisions == [Again(delay, 0) for delay in (0.5, 1, 2, 3, 3)]
    assert decide(OSError(), Retries(first_delay_s=0, max_delay_s=0), 9, 0, NOW) == Again(NOW, 0)


@pytest.mark.parametrize("error", [OSError("disk"), TimeoutError(), Timeout("no answer"), ConnectionError()])
def test_errors_of_the_world_never_count(error: Exception) -> None:
    """What the operating system or a peer did is waited out, for ever: no number of attempts ends it."""
    again = decide(error, Retries(1), 1_000_000, 0, NOW)
    assert again == Again(NOW + 60, 0)


def test_what_did_not_count_is_not_held_against_the_next_error() -> None:
    """After an hour without database an error that counts is the first one."""
    assert decide(ValueError(), Retries(2, max_delay_s=7), 400, 0, NOW) == Again(NOW + 7, 1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Reject("not a measurement"), "not a measurement"),
        (PayloadError("payload on t is not JSON: x"), "payload on t is not JSON: x"),
        (KeyError("type"), "KeyError: 'type'"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_what_is_dead_at_once(error: Exception, reason: str) -> None:
    """Rejected, not decodable, or named in ``never``: a second attempt would see the same bytes."""
    retries = Retries(100, never=(KeyError, AssertionError), forever=(Exception,))
    assert decide(error, retries, 1, 0, NOW) == Dead(reason)


def test_retry_counts_and_may_say_when() -> None:
    """Its delay stands for the policy's; without one the policy's holds; the attempts end it all the same."""
    retries = Retries(2, first_delay_s=1)
    assert decide(Retry("busy", delay_s=0.25), retries, 1, 0, NOW) == Again(NOW + 0.25, 1)
    assert decide(Retry("busy", delay_s=0), retries, 1, 0, NOW) == Again(NOW, 1)
    assert decide(Retry(), retries, 1, 0, NOW) == Again(NOW + 1, 1)
    assert decide(Retry(delay_s=9), retries, 2, 1, NOW) == Dead("after 2 attempts: the handler raised Retry")
    assert decide(Retry("busy"), Retries(1), 1, 0, NOW) == Dead("busy")


def test_a_full_outbox_counts() -> None:
    """Contract 11: publishing in a handler fails at once where there is no room, and that is an attempt."""
    assert isinstance(decide(OutboxFull("full", limit=1), Retries(1), 1, 0, NOW), Dead)


@given(st.integers(1, 50), st.lists(st.sampled_from([OSError(), ValueError(), Retry()]), min_size=200))
def test_exactly_so_many_attempts_count(attempts: int, errors: list[Exception]) -> None:
    """Whatever comes between, the message dies with the error that is the last to count, and not before."""
    tries = 0
    for attempt, error in enumerate(errors, 1):
        decision = decide(error, Retries(attempts), attempt, tries, NOW)
        counting = sum(not isinstance(one, OSError) for one in errors[:attempt])
        assert isinstance(decision, Dead) == (counting == attempts)
        if isinstance(decision, Dead):
            return
        assert decision.tries == counting
        assert decision.at >= NOW
        tries = decision.tries


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"attempts": 0}, "attempts must be 1 or more, not 0"),
        ({"attempts": 2.5}, "attempts must be 1 or more, not 2.5"),
        ({"attempts": nan}, "attempts must be 1 or more, not nan"),
        ({"first_delay_s": -1}, "first_delay_s must be finite and 0 to max_delay_s, not -1 and 60"),
        ({"first_delay_s": nan}, "not nan and 60"),
        ({"first_delay_s": inf, "max_delay_s": inf}, "must be finite"),
        ({"first_delay_s": 9, "max_delay_s": 8}, "not 9 and 8"),
        ({"never": KeyError}, "never must be a tuple of exceptions"),
        ({"forever": (KeyError, "OSError")}, "forever must be a tuple of exceptions"),
    ],
)
def test_impossible_policies(options: dict[str, Any], fact: str) -> None:
    """Refused when they are built, with the value."""
    with pytest.raises(ConfigurationError) as caught:
        Retries(**options)
    assert fact in str(caught.value)


def test_a_policy_is_a_value() -> None:
    """Equal by its fields, and not to be changed."""
    assert Retries() == DEFAULT_RETRIES == Retries(5, never=(PayloadError,), forever=(OSError,))
    with pytest.raises(AttributeError, match="cannot be changed"):
        DEFAULT_RETRIES.attempts = 3
