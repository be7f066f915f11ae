"""What single options may be; that each is refused at the constructor is test_setup.py's claim."""

from __future__ import annotations

from math import inf, nan

import pytest

from holdfast.client import checks
from holdfast.errors import ConfigurationError
from holdfast.resilience import PRESETS, Reconnect


def test_what_is_right_comes_back() -> None:
    """As the value that the client works with."""
    policy = Reconnect()
    assert checks.reconnect(policy) is policy
    assert checks.reconnect("lan") is PRESETS["lan"]
    assert checks.keepalive(60.0) == 60
    assert checks.drain(0) == 0
    assert [checks.version(name, None) for name in ("5", "3.1.1", None)] == [5, 4, None]


def test_a_probe_takes_a_second_or_more() -> None:
    """None: there is none."""
    assert [checks.probe(probe_s) for probe_s in (None, 1, 30.5)] == [None, 1, 30.5]


@pytest.mark.parametrize("probe_s", [0, 0.9, -1, inf, nan])
def test_a_probe_that_can_prove_nothing_is_refused(probe_s: float) -> None:
    """Faster than a slow way answers, or never; the sentence has the value, the hint a way out."""
    with pytest.raises(ConfigurationError, match=f"probe_s must be 1 or more, not {probe_s}") as refused:
        checks.probe(probe_s)
    assert "None" in str(refused.value.hint)
