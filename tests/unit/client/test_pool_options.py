"""What a pool passes on is what the client takes: names and types."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, get_type_hints

import pytest

from holdfast import Client
from holdfast.client.pool_options import Options, Publishing, Sending, Several

NOT_SHARED = {"self", "url", "client_id", "outbox", "will"}
"""What a pool has words of its own for, and the will, which it has not."""


@pytest.mark.parametrize(
    ("options", "call", "own"),
    [
        (Options, Client.__init__, NOT_SHARED),
        (Publishing, Client.publish, {"self", "topic", "payload"}),
        (Sending, Client.publish_nowait, {"self", "topic", "payload"}),
        (Several, Client.publish_many, {"self", "messages"}),
    ],
    ids=["Client", "publish", "publish_nowait", "publish_many"],
)
def test_options_are_those_of_the_client(options: type, call: Callable[..., Any], own: set[str]) -> None:
    """An option that the client gets, its pool gets too."""
    there, here = get_type_hints(call), get_type_hints(options)
    assert here.keys() == signature(call).parameters.keys() - own
    assert here == {name: there[name] for name in here}
