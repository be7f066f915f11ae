"""What comes in, subscriptions, and who knows us, in sessions with two groups of brokers (contract 3)."""

from __future__ import annotations

from holdfast.codec import Connect, Pubcomp, Pubrec, Pubrel, Suback, Unsuback, Version, Will
from holdfast.protocol import (
    BrokerChanged,
    Elsewhere,
    EpochBegan,
    Forgotten,
    Intent,
    Received,
    Restored,
    SessionLost,
)
from tests.support.driven import Driven, filters, incoming, names, row, sent
from tests.unit.protocol.groups import BOTH, at_a, go

# -- what we receive -------------------------------------------------------------------------


def test_inbound_identifiers_are_of_one_session() -> None:
    """Between PUBREC and PUBREL at A, the same identifier is another message at B, and A's again later."""
    driven = at_a()
    driven.feed(incoming(7, 2, b"from A"))
    assert names(driven.ack(*driven.deliveries)) == ["PUBREC 7"]
    go(driven, "B", False)
    driven.feed(incoming(7, 2, b"from B"))
    assert names(driven.ack(driven.deliveries[1])) == ["PUBREC 7"]
    assert names(driven.feed(Pubrel(7))) == ["PUBCOMP 7"]
    go(driven, "A")
    assert names(driven.feed(incoming(7, 2, b"from A", dup=True))) == ["PUBREC 7"]
    driven.feed(Pubrel(7))
    assert driven.payloads() == [b"from A", b"from B"]
    assert [type(one) for one in driven.records if isinstance(one, Received | Forgotten)] == [
        Received,
        Received,
        Forgotten,
        Forgotten,
    ]


def test_a_handler_that_outlives_the_change_is_heard_when_we_are_back() -> None:
    """Its acknowledgement is for the broker it came from, and for no other (contract 14)."""
    driven = at_a()
    driven.feed(incoming(7, 1, b"from A"))
    go(driven, "B", False)
    assert names(driven.ack(driven.deliveries[0])) == []
    go(driven, "A")
    assert names(driven.feed(incoming(7, 1, b"from A", dup=True))) == ["PUBACK 7"]
    assert len(driven.deliveries) == 1


def test_a_client_that_stops_forgets_its_handlers_everywhere() -> None:
    """What they did not acknowledge is delivered anew, wherever it comes again."""
    driven = at_a()
    driven.feed(incoming(7, 1, b"from A"))
    go(driven, "B", False)
    driven.session.abandon()
    go(driven, "A")
    driven.feed(incoming(7, 1, b"from A", dup=True))
    assert driven.payloads() == [b"from A", b"from A"]


# -- subscriptions ---------------------------------------------------------------------------


@BOTH
def test_subscriptions_are_made_at_each_broker(version: Version) -> None:
    """Whatever the session is said to know: a 3.1.1 broker is not believed the first time either."""
    driven = at_a(version)
    driven.subscribe(Intent("a"))
    driven.feed(Suback(1, [1]))
    for group, present in (("B", False), ("A", True), ("B", True)):
        driven.lost()
        assert filters(driven.up(present, group=group)) == ["+a"]


def test_what_was_given_up_meanwhile_is_given_up_when_we_are_back() -> None:
    """Its session there would go on to collect messages that nobody wants."""
    driven = at_a()
    driven.subscribe(Intent("a"), Intent("b"))
    driven.lost()
    assert filters(driven.up(False, group="B")) == ["+a", "+b"]
    assert names(driven.unsubscribe("a")) == ["UNSUBSCRIBE 5"]
    driven.feed(Unsuback(5, [0]))
    driven.lost()
    assert filters(driven.up(True, group="A")) == ["-a", "+b"]


def test_what_an_earlier_process_subscribed_elsewhere_is_given_up_too() -> None:
    """Nobody has written down that it did; but who gives a filter up wants it nowhere."""
    restored = Restored(1, group="B", elsewhere={"A": Elsewhere(1)})
    driven = Driven(restored=restored)
    driven.up(True, group="B")
    driven.unsubscribe("a")
    driven.lost()
    assert filters(driven.up(True, group="A")) == ["-a"]


def test_what_could_not_be_given_up_in_time_is_given_up_in_both() -> None:
    """Nobody knows which of the two has it."""
    driven = at_a()
    driven.subscribe(Intent("a"))
    driven.lost()
    driven.unsubscribe("a")
    assert filters(driven.up(True, group="B")) == ["-a"]
    driven.lost()
    assert filters(driven.up(True, group="A")) == ["-a"]


# -- a broker that may be one of them --------------------------------------------------------


def test_a_broker_that_knows_our_session_is_one_of_them() -> None:
    """It was sent to by another one, and goes on where that was; from then on it is known as such."""
    driven = at_a()
    driven.publish(row(1, 2))
    driven.lost()
    (again,) = sent(driven.up(True, group="A", apart="R"))
    assert (again.packet_id, again.dup) == (1, True)
    driven.lost()
    driven.up(False, group="A", apart="R")
    assert driven.told(BrokerChanged) == []
    assert len(driven.told(SessionLost)) == 1


def test_a_broker_that_knows_no_session_of_ours_is_another_one() -> None:
    """Or it would cost us the state of the session that the others have; it keeps its own ever after."""
    driven = at_a()
    driven.publish(row(1, 2))
    driven.lost()
    assert names(driven.up(False, group="A", apart="R")) == ["PUBLISH 2"]
    driven.feed(Pubrec(2), Pubcomp(2))
    assert driven.session.group == "R"
    driven.lost()
    driven.up(True, group="A", apart="R")
    driven.lost()
    assert names(driven.up(True, group="A", apart=None)) == ["PUBREL 1"]
    driven.lost()
    driven.up(True, group="A", apart="R")
    assert driven.session.group == "R"
    assert driven.told(EpochBegan) == [EpochBegan(1), EpochBegan(2)]


# -- after a restart -------------------------------------------------------------------------


def test_a_new_process_knows_what_is_elsewhere() -> None:
    """Tombstones here and there, received and withheld identifiers, and what is not to be resumed."""
    elsewhere = {
        "A": Elsewhere(4, unanswered=[1], unreleased=[3, 2], withheld=[9], received=[7]),
        "C": Elsewhere(2, lost=True),
    }
    driven = Driven(restored=Restored(5, group="B", unreleased=[8], elsewhere=elsewhere))
    assert names(driven.up(True, group="B")) == ["PUBREL 8"]
    assert go(driven, "A") == ["PUBREL 3", "PUBREL 2"]
    assert driven.session._sender._ids.used == {1, 2, 3, 9}
    driven.feed(incoming(7, 2, b"known", dup=True))
    assert driven.deliveries == []
    assert go(driven, "C") == []
    assert driven.told(EpochBegan) == [EpochBegan(6)]


def test_states_are_values() -> None:
    """Equal by what a file keeps of them."""
    assert Elsewhere(1, [1], [2], [3], [4], True) == Elsewhere(1, [1], [2], [3], [4], True)
    assert Elsewhere(1, [1], [2], [3], [4]) != Elsewhere(1, [1], [2], [3], [5])


def test_a_will_carries_the_epoch_of_the_session_that_is_dialled() -> None:
    """Not that of the one before (contract 22): its number says which of two connections is older."""
    will = Will("status", b"offline")
    elsewhere = {"A": Elsewhere(4), "C": Elsewhere(9, lost=True)}
    driven = Driven(restored=Restored(2, group="B", elsewhere=elsewhere))
    for group, epoch in (("B", "2"), ("A", "4"), ("C", "10"), ("D", "10")):
        (connect,) = driven.connect(group=group, will=will, birth=b"online")
        assert isinstance(connect, Connect)
        assert connect.will is not None
        assert ("epoch", epoch) in connect.will.properties["user_property"]
        driven.lost()
