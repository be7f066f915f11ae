"""Authenticating again on a live connection, in the core: everything flows on, and a failure ends it."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, Disconnect, Packet, Pingreq
from holdfast.errors import TooLarge
from holdfast.protocol import Closed, LinkState, Opened, Reauthenticated
from tests.support.authenticating import answer, asking, auth, up
from tests.support.driven import Driven, incoming, names, row


def again(driven: Driven, data: bytes | None = b"again") -> list[Packet]:
    """Begin a re-authentication."""
    assert driven.session.reauthenticate(data, driven.now)
    return driven.pump()


def test_authenticating_again() -> None:
    """AUTH 0x19, challenges as before, AUTH 0 and its proof; meanwhile everything flows."""
    driven = up()
    assert again(driven) == [auth(0x19, b"again")]
    assert not driven.session.reauthenticate(b"twice", driven.now)
    assert names(driven.publish(row(1))) == ["PUBLISH 1"]
    driven.feed(auth(0x18, b"1"))
    assert answer(driven, b"re1") == [auth(0x18, b"re1")]
    driven.feed(incoming(7), auth(0x00, b"proof"), incoming(8))
    assert len(driven.deliveries) == 2
    assert driven.told(Reauthenticated) == []
    answer(driven)
    assert driven.told(Reauthenticated) == [Reauthenticated()]
    assert again(driven, None) == [auth(0x19)]
    driven.feed(auth(0x00))
    answer(driven)
    assert len(driven.told(Reauthenticated)) == 2
    assert len(driven.told(Opened)) == 1


def test_not_now() -> None:
    """Without a connection, before it is up, while it ends, and without a method there is no AUTH."""
    for driven in (Driven(V5), asking()):
        assert not driven.session.reauthenticate(None, driven.now)
    plain = Driven(V5)
    plain.up()
    ending = up()
    ending.session.disconnect(ending.now)
    for driven in (plain, ending):
        driven.pump()
        assert not driven.session.reauthenticate(None, driven.now)
        assert driven.pump() == []


@pytest.mark.parametrize("packet", [auth(0x00), auth(0x18), auth(0x19)])
def test_nobody_began_it(packet: Packet) -> None:
    """A broker does not begin a re-authentication."""
    driven = up()
    assert driven.feed(packet) == [Disconnect(0x82)]


def test_it_takes_too_long() -> None:
    """``reject`` without a challenge ends what goes on, and nothing else [MQTT-4.12.1-2]."""
    driven = up()
    driven.session.reject(None, "too long", driven.now)
    assert driven.session.link is LinkState.UP
    again(driven)
    driven.session.reject(None, "too long", driven.now)
    assert driven.pump() == [Disconnect(0x80)]
    assert driven.session._authentication.turn == "nobody"


def test_no_auth_packet_above_the_brokers_limit() -> None:
    """[MQTT-3.2.2-15]: told before anything is sent; in the midst of it the connection ends."""
    driven = up(maximum_packet_size=30)
    with pytest.raises(TooLarge):
        driven.session.reauthenticate(bytes(30), driven.now)
    assert driven.pump() == []
    again(driven)
    driven.feed(auth(0x18))
    assert answer(driven, bytes(30)) == [Disconnect(0x80)]
    assert "30 at most" in driven.told(Closed)[0].detail


def test_auth_is_life() -> None:
    """An AUTH that comes puts off the ping's verdict, one that leaves puts off the ping (contract 21)."""
    driven = up()
    driven.later(40)
    again(driven)
    driven.feed(auth(0x18))
    assert driven.later(40) == []
    assert driven.later(10) == [Pingreq()]
    assert driven.session.link is LinkState.UP
