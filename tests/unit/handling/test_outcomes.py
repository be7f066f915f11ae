"""What handlers raise on purpose."""

from __future__ import annotations

import math

import pytest

from holdfast import Reject, Retry
from holdfast.errors import ConfigurationError, HoldfastError


def test_they_carry_what_the_handler_said() -> None:
    """Reason and delay; they are orders to the client, so no ``except HoldfastError`` meets them."""
    assert Reject("not a measurement").reason == str(Reject("not a measurement")) == "not a measurement"
    retry = Retry("the database is away", delay_s=5)
    assert (retry.reason, retry.delay_s) == ("the database is away", 5)
    assert (Retry().reason, Retry().delay_s) == ("", None)
    assert not isinstance(retry, HoldfastError)


@pytest.mark.parametrize("delay_s", [-1, math.nan])
def test_no_way_back_in_time(delay_s: float) -> None:
    """A delay below 0 is the handler's mistake, said with its value."""
    with pytest.raises(ConfigurationError, match=f"not {delay_s}"):
        Retry(delay_s=delay_s)
