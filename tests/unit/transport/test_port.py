"""The transport port: what every adapter offers."""

from __future__ import annotations

from holdfast.transport import Link, LinkUser
from holdfast.transport.tcp import TcpLink
from tests.support.sockets import Ear


def test_tcp_fills_the_port() -> None:
    """TcpLink has the verbs of Link, and talks to what has the verbs of LinkUser."""
    user: LinkUser = Ear()
    link: Link = TcpLink(user)
    verbs = {name for name in vars(Link) if not name.startswith("_")}
    assert verbs == {"abort", "close", "read", "write"}
    assert all(callable(getattr(link, verb)) for verb in verbs)
