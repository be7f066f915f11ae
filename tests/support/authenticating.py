"""A session that authenticates, by hand on both sides."""

from __future__ import annotations

from typing import Any

from holdfast.codec import V5, Auth, Connack, Packet
from holdfast.protocol import Challenge, Closed, LinkState
from tests.support.driven import Driven

METHOD = "M"


def auth(reason: int, data: bytes | None = None, method: str | None = METHOD) -> Auth:
    """An AUTH packet of either side."""
    properties: dict[str, Any] = {} if method is None else {"authentication_method": method}
    return Auth(reason, properties if data is None else {**properties, "authentication_data": data})


def accept(data: bytes | None = None, present: bool = False, **said: Any) -> Connack:
    """CONNACK 0 with the method."""
    return Connack(present, 0, {**auth(0, data).properties, **said})


def asking(**request: Any) -> Driven:
    """CONNECT with a method has left."""
    driven = Driven(V5, authentication_method=METHOD, authentication_data=b"first", **request)
    driven.connect()
    return driven


def challenge(driven: Driven) -> Challenge:
    """The latest one."""
    return driven.told(Challenge)[-1]


def answer(driven: Driven, data: bytes | None = None) -> list[Packet]:
    """Our side answers it."""
    driven.session.answer(challenge(driven), data, driven.now)
    return driven.pump()


def up(**said: Any) -> Driven:
    """Authenticated."""
    driven = asking()
    driven.feed(accept(**said))
    answer(driven)
    return driven


def ended(driven: Driven) -> list[tuple[bool, int]]:
    """How the connection was ended, and by whom."""
    assert driven.session.link is LinkState.CLOSING
    return [(one.by_us, one.reason) for one in driven.told(Closed)]
