"""snapshot.py: what outlives the broker's process."""

from __future__ import annotations

import pickle

from holdfast.codec import Publish, Pubrec, Pubrel, Subscribe, SubscribeOption, Will
from holdfast.testing.model import BrokerCore
from tests.unit.testing.bench import Bench, is_present, payloads, summary


def busy() -> Bench:
    """A broker with something of everything that is durable."""
    bench = Bench()
    bench.connect("a", clean=False, kept=True, receive_maximum=2)
    options = [SubscribeOption("t", 2, no_local=True), SubscribeOption("$share/g/s", 1)]
    bench.send("a", Subscribe(1, options, {"subscription_identifier": 5}))
    bench.connect("b", clean=False, kept=True)
    bench.subscribe("b", "$share/g/s", qos=1)
    for n in range(4):
        properties = {
            "message_expiry_interval": 900,
            "correlation_data": b"\0",
            "user_property": (("k", "v"),),
        }
        bench.core.publish("t", b"%d" % n, bench.now, qos=2, properties=properties)
    bench.core.publish("s", b"shared", bench.now)
    bench.core.publish("r", b"kept", bench.now, retain=True, properties={"message_expiry_interval": 900})
    bench.send("a", Pubrec(1), Publish("u", b"inbound", 2, packet_id=9, properties={"content_type": "x"}))
    bench.connect(
        "c", clean=False, kept=True, will=Will("w", b"late", properties={"will_delay_interval": 60})
    )
    bench.cut("c")
    bench.connect("clean")
    return bench


def test_a_crash_changes_nothing_that_is_durable() -> None:
    """The state of the restored broker is the state that was saved, but for clocks that start to run."""
    bench = busy()
    before = bench.core.state()
    bench.crash()
    after = bench.core.state()
    for state in (before, after):
        for session in state["sessions"]:
            session.pop("expires_at")
    assert after == before


def test_sessions_go_on_where_they_were() -> None:
    """Ids, stages, order, what waited and the shared turn."""
    bench = busy()
    bench.crash()
    heard = bench.connect("a", clean=False, kept=True)
    assert is_present(heard)
    assert summary(heard[1:]) == ["PUBREL 1", "PUBLISH 2 dup", "PUBLISH 3", "PUBLISH 4", "PUBLISH 5"]
    assert payloads(heard) == [b"1", b"2", b"3", b"shared"]
    assert isinstance(heard[2], Publish)
    assert heard[2].properties["subscription_identifier"] == (5,)
    assert summary(bench.send("a", Pubrel(9))) == ["PUBCOMP 9"]
    bench.core.publish("s", b"b's turn", bench.now)
    assert bench.hear("a") == []
    assert payloads(bench.connect("b", clean=False, kept=True)) == [b"b's turn"]


def test_clean_sessions_and_wills_of_the_connected_die_with_the_broker() -> None:
    """A will whose delay already ran is kept, and published in time."""
    bench = Bench()
    bench.connect("clean")
    bench.connect("a", clean=False, kept=True, will=Will("w", b"never"))
    bench.connect(
        "b", clean=False, kept=True, will=Will("w", b"late", properties={"will_delay_interval": 60})
    )
    bench.cut("b")
    bench.crash()
    assert set(bench.core.sessions) == {"a", "b"}
    bench.wait(60)
    assert [packet.payload for packet in bench.core.routed] == [b"late"]


def test_the_sessions_of_the_connected_begin_to_expire_with_the_crash() -> None:
    """The clock of the others runs on."""
    bench = Bench()
    for name in "ab":
        bench.connect(name, clean=False, kept=True)
    bench.cut("a")
    bench.wait(1000)
    bench.crash()
    bench.wait(2600)
    assert set(bench.core.sessions) == {"b"}
    bench.wait(1000)
    assert bench.core.sessions == {}


def test_the_state_is_plain_data_and_shares_nothing() -> None:
    """It can be pickled without a class, and what happens later does not change it."""
    bench = busy()
    state = bench.core.state()
    saved = pickle.dumps(state)
    assert b"holdfast" not in saved
    bench.core.publish("t", b"later", bench.now)
    assert pickle.dumps(state) == saved


def test_what_is_assigned_is_not_assigned_again() -> None:
    """A client id given before the crash may still have a session."""
    bench = Bench()
    bench.connect("a", "", kept=True)
    bench.crash()
    bench.connect("b", "", kept=True)
    assert len(bench.core.sessions) == 2


def test_an_empty_broker_is_restored_empty() -> None:
    """No sessions, nothing retained."""
    core = BrokerCore.load(BrokerCore().state(), 5.0)
    assert (core.sessions, core.retained) == ({}, {})
