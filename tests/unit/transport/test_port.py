"""The transport port: its verbs. tests/contracts/test_link.py holds every adapter to them."""

from __future__ import annotations

import pytest

from holdfast.transport import Link, LinkUser, parse_url
from holdfast.transport.stream import StreamLink
from holdfast.transport.websocket import WebSocketLink
from tests.support.sockets import Ear


def stream(user: LinkUser) -> Link:
    """Typed as what it must be."""
    return StreamLink(user)


def websocket(user: LinkUser) -> Link:
    """As it is the user of another link too, it has the verbs of both."""
    link = WebSocketLink(parse_url("ws://localhost"), user)
    listening: LinkUser = link
    assert listening is link
    return link


@pytest.mark.parametrize("make", [stream, websocket])
async def test_each_link_fills_the_port(make: object) -> None:
    """Each link has the verbs of Link, and talks to what has the verbs of LinkUser."""
    assert callable(make)
    link = make(Ear())
    verbs = {name for name in vars(Link) if not name.startswith("_")}
    assert verbs == {"abort", "close", "read", "write"}
    assert all(callable(getattr(link, verb)) for verb in verbs)
