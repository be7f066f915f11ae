"""Enhanced authentication in the core: turns, methods, and what is believed before the broker's proof."""

from __future__ import annotations

import pytest

from holdfast.codec import V5, Auth, Connack, Connect, Disconnect, Packet, Puback, encode
from holdfast.protocol import Challenge, Closed, Intent, LinkState, Opened, Refused
from holdfast.protocol.authentication import HELD_BYTES
from tests.support.authenticating import METHOD, accept, answer, asking, auth, challenge, ended, up
from tests.support.driven import Driven, filters, incoming, names, row


def test_a_whole_exchange() -> None:
    """Data goes out as values, comes back in calls, and each AUTH of ours carries 0x18 and the method."""
    driven = Driven(V5, authentication_method=METHOD, authentication_data=b"first")
    [connect] = driven.connect()
    assert isinstance(connect, Connect)
    assert (connect.properties["authentication_method"], connect.properties["authentication_data"]) == (
        METHOD,
        b"first",
    )
    for data in (b"1", b"2"):
        assert driven.feed(auth(0x18, data)) == []
        assert (challenge(driven).data, challenge(driven).final) == (data, False)
        assert answer(driven, b"re" + data) == [auth(0x18, b"re" + data)]
    assert driven.feed(accept(b"proof")) == []
    assert (challenge(driven).data, challenge(driven).final) == (b"proof", True)
    links = [driven.session.link]
    assert driven.told(Opened) == []
    answer(driven)
    assert [*links, driven.session.link] == [LinkState.PROVING, LinkState.UP]
    assert len(driven.told(Opened)) == 1


def test_data_may_be_left_out() -> None:
    """A method alone, a challenge without data, an answer without data."""
    driven = Driven(V5, authentication_method=METHOD)
    [connect] = driven.connect()
    assert isinstance(connect, Connect)
    assert "authentication_data" not in connect.properties
    driven.feed(auth(0x18))
    assert challenge(driven).data is None
    assert answer(driven) == [auth(0x18)]


@pytest.mark.parametrize(
    "packet",
    [
        auth(0x18, b"x", "other"),
        Auth(),
        auth(0),
        auth(0x19),
        Connack(),
        Connack(False, 0, {"authentication_method": "other"}),
    ],
)
def test_what_breaks_an_exchange(packet: Packet) -> None:
    """Another method or none, success by AUTH, a re-authentication by the broker: 0x82, said and closed."""
    driven = asking()
    assert driven.feed(packet) == [Disconnect(0x82)]
    assert ended(driven) == [(True, 0x82)]
    assert driven.told(Challenge) == []


@pytest.mark.parametrize("packet", [auth(0x18), accept()])
def test_out_of_turn(packet: Packet) -> None:
    """A second challenge, or an acceptance, while our answer is still to come."""
    driven = asking()
    driven.feed(auth(0x18, b"1"))
    assert driven.feed(packet) == [Disconnect(0x82)]
    assert ended(driven) == [(True, 0x82)]
    assert answer(driven, b"late") == []


@pytest.mark.parametrize("packet", [auth(0x18), accept()])
def test_nobody_asked_for_it(packet: Packet) -> None:
    """Without a method in CONNECT: no AUTH, no method in CONNACK; and before CONNACK nothing is said."""
    driven = Driven(V5)
    driven.connect()
    assert driven.feed(packet) == []
    assert ended(driven) == [(True, 0x82)]


def test_a_refusal_needs_no_method() -> None:
    """CONNACK 0x87 at any time ends the attempt."""
    driven = asking()
    driven.feed(auth(0x18, b"1"))
    driven.feed(Connack(False, 0x87))
    assert driven.told(Refused) == [Refused(0x87, "")]
    assert answer(driven, b"late") == []


def test_what_comes_before_the_proof_is_held() -> None:
    """Messages and acknowledgements behind CONNACK count only once the broker has proved itself."""
    driven = up()
    driven.publish(row(1))
    driven.lost()
    driven.connect()
    assert driven.feed(accept(b"proof", True), incoming(7), Puback(1)) == []
    assert driven.feed(incoming(8)) == []
    assert driven.deliveries == []
    driven.publish(row(2))
    assert driven.pump() == []
    assert names(answer(driven)) == ["PUBLISH 2"]
    assert driven.payloads() == [b"m", b"m"]


def test_an_unproven_broker_is_bounded() -> None:
    """It cannot fill memory: beyond a mebibyte before its proof the connection is ended (0x97)."""
    driven = asking()
    driven.feed(accept())
    flood = incoming(1, payload=bytes(HELD_BYTES // 2))
    assert driven.feed(flood) == []
    assert driven.feed(flood) == [Disconnect(0x97)]
    assert answer(driven) == []
    assert driven.deliveries == []


def test_malformed_bytes_before_the_proof() -> None:
    """They end the connection at once."""
    driven = asking()
    driven.feed(accept())
    assert driven.raw(b"\x36\0") == [Disconnect(0x81)]
    assert ended(driven) == [(True, 0x81)]


def test_what_is_held_is_judged_afterwards() -> None:
    """A broken rule behind CONNACK ends the connection once it is looked at."""
    driven = asking()
    driven.feed(accept(), Connack())
    assert answer(driven) == [Disconnect(0x82)]


def test_a_proof_that_is_none() -> None:
    """``reject``: DISCONNECT 0x80, the sentence told, and nothing of the backlog sent."""
    driven = asking()
    driven.publish(row(1))
    driven.feed(accept(b"lie"))
    driven.session.reject(challenge(driven), "no proof", driven.now)
    assert driven.pump() == [Disconnect(0x80)]
    assert driven.told(Closed) == [Closed(True, 0x80, "no proof")]
    assert answer(driven) == []


def test_an_unbelieved_connack_leaves_doubt() -> None:
    """It may have said "a new session": at the next connection every subscription is asked for again."""
    driven = asking()
    driven.feed(accept())
    answer(driven)
    asked = driven.subscribe(Intent("a"))
    driven.raw(b"\x90\x04\x00\x01\x00\x01")
    assert filters(asked) == ["+a"]
    for end in ("lost", "reject"):
        driven.lost()
        driven.connect()
        driven.feed(accept())
        if end == "reject":
            driven.session.reject(challenge(driven), "no proof", driven.now)
    driven.lost()
    driven.connect()
    driven.feed(accept(None, True))
    assert filters(answer(driven)) == ["+a"]
    wanted = driven.session._subscriptions.wanted["a"]
    assert wanted.granted is None


def test_answers_of_an_earlier_connection_mean_nothing() -> None:
    """The same challenge is never taken for another one."""
    driven = asking()
    driven.feed(auth(0x18, b"1"))
    old = challenge(driven)
    driven.lost()
    driven.connect()
    driven.feed(auth(0x18, b"1"))
    driven.session.answer(old, b"re1", driven.now)
    driven.session.reject(old, "no", driven.now)
    assert driven.pump() == []
    assert answer(driven, b"re1") == [auth(0x18, b"re1")]


def test_no_secret_in_any_repr() -> None:
    """Requests, packets and challenges show their method, never their data."""
    driven = asking()
    driven.feed(auth(0x18, b"SECRET"))
    request = driven.session._request
    request.authentication_data = b"SECRET"
    shown = f"{request!r} {request.packet()!r} {auth(0x18, b'SECRET')!r} {accept(b'SECRET')!r} "
    shown += repr(driven.told(Challenge))
    assert "SECRET" not in shown
    assert METHOD in shown
    assert b"SECRET" in encode(request.packet(), V5)
