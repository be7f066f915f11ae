"""What an authenticator does where an application overrides nothing."""

from __future__ import annotations

import pytest

from holdfast import Authenticator


def test_a_method_alone() -> None:
    """No data in CONNECT, any acceptance is taken, and a challenge nobody expected is an error."""
    plain = Authenticator()
    assert plain.start() is None
    assert plain.finish(b"whatever") is None
    with pytest.raises(NotImplementedError):
        plain.challenge(b"")
