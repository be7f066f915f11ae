"""Who a client is, by its options (contract 1, 2)."""

from __future__ import annotations

import pytest

from holdfast.client.identity import check_client_id, check_session, expiry_s
from holdfast.errors import ConfigurationError


def test_the_client_id() -> None:
    """Given, kept in the file, or random for a clean session."""
    assert check_client_id("gateway-7", None, False) == "gateway-7"
    assert check_client_id(None, 60, True) == ""
    assert check_client_id(None, None, False) != check_client_id(None, None, False)


def test_a_kept_session_needs_an_id_that_stays() -> None:
    """Refused with both ways out of it; an empty id, and one no packet can carry, too."""
    with pytest.raises(ConfigurationError) as refused:
        check_client_id(None, 60, False)
    assert "outbox file" in str(refused.value.hint)
    for name in ("", "\ud800"):
        with pytest.raises(ConfigurationError):
            check_client_id(name, None, False)


def test_the_session_expiry() -> None:
    """As given; else by role with an id that stays, and none with a random one."""
    assert check_session("a", 5, False) == 5
    assert check_session("a", None, False) is None
    assert check_session(None, None, True) is None
    assert check_session(None, None, False) == 0
    with pytest.raises(ConfigurationError):
        check_session("a", -1, False)


def test_one_table_of_defaults() -> None:
    """A publisher's session is kept for an hour, a subscriber's for a day (contract 2)."""
    assert (expiry_s(None, False), expiry_s(None, True)) == (3600, 86_400)
    assert expiry_s(7.9, True) == 7
    assert expiry_s(float("inf"), False) == 0xFFFFFFFF
