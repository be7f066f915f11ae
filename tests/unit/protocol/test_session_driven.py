"""The session over time: sessions lost and found, keepalive, late commits, and its driver."""

from __future__ import annotations

import pytest

from holdfast.codec import (
    V5,
    V311,
    Connack,
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Version,
    encode,
)
from holdfast.protocol import (
    Closed,
    EpochBegan,
    Failed,
    Granted,
    Intent,
    LinkState,
    Opened,
    Restored,
    Session,
    SessionLost,
)
from tests.support.driven import Driven, incoming, names, ready, row

BOTH = pytest.mark.parametrize("version", [V311, V5])


# -- the session present or not -----------------------------------------------------------------------


@BOTH
def test_a_session_where_a_clean_one_was_asked_for(version: Version) -> None:
    """The connection is closed [MQTT-3.2.2-4]; a kept session may always be present (contract 1)."""
    driven = Driven(version, session_expiry_s=0)
    driven.up(True)
    assert [(one.by_us, one.reason) for one in driven.told(Closed)] == [(True, 0x82)]
    assert driven.session.link is LinkState.CLOSING
    Driven(version).up(True)


@BOTH
def test_the_first_session_we_know_of_begins_an_epoch(version: Version) -> None:
    """Also one the broker kept from before our time: its loss is a loss, its arrival is none."""
    driven = Driven(version)
    driven.up(True)
    assert driven.told(EpochBegan) == [EpochBegan(1)]
    driven.again(True)
    assert driven.told(EpochBegan) == [EpochBegan(1)]
    assert driven.told(SessionLost) == []
    driven.again(False)
    assert driven.told(SessionLost) == [SessionLost(2, 0, [], True)]


def test_epochs_go_on_over_a_restart() -> None:
    """The number is part of what was written down (contract 1)."""
    driven = Driven(restored=Restored(4))
    driven.up(False)
    assert driven.told(EpochBegan) == [EpochBegan(5)]
    assert driven.told(SessionLost) == [SessionLost(5, 0, [], True)]


def test_state_known_to_be_lost_is_not_resumed() -> None:
    """A file set aside or restored: the session the broker has is a new one to us (contract 1, 26)."""
    driven = Driven(restored=Restored(4, lost=True))
    driven.up(True)
    assert driven.told(EpochBegan) == [EpochBegan(5)]
    assert driven.told(SessionLost) == [SessionLost(5, 0, [], True)]
    driven.again(True)
    assert len(driven.told(EpochBegan)) == 1


def test_a_clean_session_is_lost_by_intent() -> None:
    """Every connection begins a new one; ``kept`` says that nobody asked for the old."""
    driven = Driven(session_expiry_s=0)
    driven.up(False)
    driven.again(False)
    assert [one.kept for one in driven.told(SessionLost)] == [False]


# -- withheld -----------------------------------------------------------------------------------------


def shrunk(version: Version, count: int) -> Driven:
    """So many messages are in flight when the broker's limits shrink."""
    restored = Restored(1, [(seq, row(seq, 2)) for seq in range(1, count + 1)])
    driven = Driven(version, restored=restored)
    driven.connect()
    return driven


def test_too_many_withheld_identifiers_end_the_session() -> None:
    """Beyond 100 the session is ended on purpose, with an event (contract 10)."""
    driven = shrunk(V5, 101)
    assert driven.feed(Connack(True, 0, {"maximum_qos": 1})) == [
        Disconnect(0, {"session_expiry_interval": 0})
    ]
    assert [(one.by_us, one.reason) for one in driven.told(Closed)] == [(True, 0)]
    assert len(driven.told(Failed)) == 101
    driven.publish(row(200))
    driven.feed(Pingresp())
    assert names(driven.again(False)) == ["PUBLISH 1"]
    assert driven.session.link is LinkState.UP


def test_some_withheld_identifiers_are_carried_along() -> None:
    """Up to 100 the session goes on."""
    driven = shrunk(V5, 100)
    assert driven.feed(Connack(True, 0, {"maximum_qos": 1})) == []
    assert driven.session.link is LinkState.UP


def test_311_cannot_end_a_session_by_disconnect() -> None:
    """It goes on with what a session of MQTT 5 withheld."""
    driven = Driven(V311, restored=Restored(1, withheld=list(range(1, 200))))
    driven.up(True)
    assert driven.session.link is LinkState.UP


# -- time ---------------------------------------------------------------------------------------------


@BOTH
def test_pings_and_pongs(version: Version) -> None:
    """PINGREQ leaves when it is due, past everything that waits for a commit; PINGRESP is life."""
    driven = ready(version)
    driven.durable = False
    driven.publish(row(1))
    assert driven.session.deadline() == 45.0
    assert driven.later(44.0) == []
    assert driven.later(1.0) == [Pingreq()]
    driven.feed(Pingresp())
    assert driven.session.deadline() == 90.0


@BOTH
def test_a_silent_link_is_dead(version: Version) -> None:
    """Within 1.5 keep alive times; MQTT 5 says 0x8D, should anybody hear it (contract 19)."""
    driven = ready(version)
    driven.later(45.0)
    assert driven.later(38.0) == []
    assert driven.later(2.0) == ([Disconnect(0x8D)] if version == V5 else [])
    assert [(one.by_us, one.reason) for one in driven.told(Closed)] == [(True, 0x8D)]


def test_sending_counts_for_the_ping() -> None:
    """What leaves puts the next PINGREQ off, unless nothing comes back."""
    driven = ready()
    driven.now = 40.0
    driven.publish(row(1))
    driven.feed(Puback(1))
    assert driven.session.deadline() == 85.0


def test_not_reading_proves_nothing() -> None:
    """While handlers are behind, the link is not judged (promise 5)."""
    driven = ready()
    driven.session.listening(False, driven.now)
    assert driven.later(45.0) == [Pingreq()]
    assert driven.later(45.0) == [Pingreq()]
    driven.session.listening(True, driven.now)
    assert driven.told(Closed) == []


# -- the driver ---------------------------------------------------------------------------------------


def test_an_empty_output_is_false() -> None:
    """So a driver knows when nothing comes out any more."""
    session = Session()
    assert not session.take()
    session.subscribe([Intent("a")], 0.0)
    session.unsubscribe(["a"], 0.0)
    assert not session.take()


def test_what_was_taken_is_the_drivers() -> None:
    """Each output is its own: the next call does not change it."""
    driven = ready()
    driven.session.receive(encode(incoming(1), V5), 0.0)
    first = driven.session.take()
    driven.session.subscribe([Intent("a")], 0.0)
    driven.session.receive(encode(incoming(2), V5), 0.0)
    second = driven.session.take()
    assert [one.packet_id for one in first.deliveries] == [1]
    assert [one.packet_id for one in second.deliveries] == [2]
    assert first
    assert second.serial >= first.serial


def test_late_commits_let_go_what_they_cover() -> None:
    """A commit of earlier records frees the bytes behind those, and no others (contract 5)."""
    driven = ready()
    driven.durable = False
    driven.session.publish([row(1)], 0.0)
    early = driven.session.take().serial
    driven.session.publish([row(2)], 0.0)
    driven.session.take()
    driven.session.committed(early)
    assert names(driven.pump()) == ["PUBLISH 1"]
    assert names(driven.commit()) == ["PUBLISH 2"]


def test_a_commit_that_comes_after_the_link_died() -> None:
    """It lets nothing go on the next connection but what waits there."""
    driven = ready()
    driven.durable = False
    driven.publish(row(1))
    driven.lost()
    assert driven.commit() == []
    assert names(driven.connect()) == ["CONNECT"]
    assert names(driven.feed(Connack(True))) == ["PUBLISH 1"]


def test_records_of_a_dead_link_still_gate() -> None:
    """CONNECT leaves at once; what belongs to the session waits for the old records too."""
    driven = ready()
    driven.durable = False
    driven.publish(row(1))
    driven.lost()
    assert names(driven.connect()) == ["CONNECT"]
    assert driven.feed(Connack(True)) == []
    assert names(driven.commit()) == ["PUBLISH 1"]


def test_events_come_in_the_order_they_happened() -> None:
    """Opened before SessionLost, and that before any answer of the new session."""
    driven = ready()
    driven.session.subscribe([Intent("a")], 0.0)
    driven.again(False)
    assert [type(one) for one in driven.events] == [Opened, Opened, SessionLost]
    assert driven.told(Granted) == []
