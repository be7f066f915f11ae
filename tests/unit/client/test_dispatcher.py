"""Who gets a message, and that each ends in exactly one acknowledgement."""

from __future__ import annotations

from holdfast.client.dispatcher import HIGHEST_IDENTIFIER, identifier_of
from holdfast.codec import V311
from holdfast.testing import eventually
from tests.unit.client.consuming import Dispatch, consumer, delivery, texts


def test_identifiers_are_the_same_in_every_process() -> None:
    """Made from the filter, within the standard's range."""
    assert identifier_of("a/#") == identifier_of("a/#")
    assert all(1 <= identifier_of(f"t/{n}") <= HIGHEST_IDENTIFIER for n in range(1000))


def test_one_consumer() -> None:
    """Captures and wire order; acknowledged when finished, not before."""
    here = Dispatch()
    reader = consumer("plant/{line}/temp")
    here.dispatcher.add(reader)
    here.dispatcher.deliver([delivery("plant/1/temp", "a"), delivery("plant/2/temp", "b")])
    assert [item[0].captures for item in reader.inbox.items] == [{"line": "1"}, {"line": "2"}]
    assert here.acks == []
    here.finish(reader)
    assert [one.payload for one in here.acks] == [b"a", b"b"]
    assert here.dispatcher.received == 2


def test_acknowledged_when_all_are_done() -> None:
    """Contract 16: two consumers of one message, one acknowledgement, after the second."""
    here = Dispatch()
    one, two = consumer("a/#"), consumer("a/b", "a/+")
    here.dispatcher.add(one)
    here.dispatcher.add(two)
    here.dispatcher.deliver([delivery("a/b", "x")])
    assert (texts(one), texts(two)) == (["x"], ["x"])
    here.finish(one)
    assert here.acks == []
    here.finish(two)
    assert len(here.acks) == 1


def test_done_before_it_is_acknowledged() -> None:
    """Who looks for what is late sees it at once; with two consumers, when the second is done."""
    here, seen = Dispatch(), list[bool]()
    here.dispatcher.ack = lambda delivery: seen.append(delivery.done)
    one, two, message = consumer("a"), consumer("a"), delivery("a")
    here.dispatcher.add(one)
    here.dispatcher.add(two)
    here.dispatcher.deliver([message])
    here.finish(one)
    assert not message.done
    here.finish(two)
    assert seen == [True]


def test_copies_are_told_apart_by_identifier() -> None:
    """MQTT 5: each copy goes to the consumers of the filters it came by."""
    here = Dispatch()
    one, two = consumer("a/#"), consumer("a/b")
    here.dispatcher.add(one)
    here.dispatcher.add(two)
    here.dispatcher.deliver([delivery("a/b", "1", by=("a/#",)), delivery("a/b", "2", by=("a/b",))])
    assert (texts(one), texts(two)) == (["1"], ["2"])
    here.dispatcher.deliver([delivery("a/b", "3", by=("a/b", "a/#")), delivery("a/b", "4", by=("gone",))])
    assert (texts(one), texts(two)) == (["1", "3", "4"], ["2", "3", "4"])


def test_qos_0_without_room_is_dropped_and_counted() -> None:
    """Beyond the consumer's limit: not kept, counted, and its memory is given back to the engine."""
    here = Dispatch()
    reader = consumer("a", qos0_limit=2)
    here.dispatcher.add(reader)
    here.dispatcher.deliver([delivery("a", str(n), 0) for n in range(5)])
    assert texts(reader) == ["0", "1"]
    assert here.dispatcher.dropped == 3
    assert len(here.acks) == 3


def test_stored_messages_are_left_out_only_where_the_broker_cannot() -> None:
    """retained="never": in 3.1.1 we leave them out; in 5 the flag may mean a live message."""
    here = Dispatch()
    reader = consumer("a")
    here.dispatcher.add(reader, take_retained=False)
    here.dispatcher.deliver([delivery("a", "live", retain=True)])
    assert texts(reader) == ["live"]
    here.dispatcher.opened(V311)
    here.dispatcher.deliver([delivery("a", "stored", retain=True), delivery("a", "plain")])
    assert texts(reader) == ["live", "plain"]
    assert len(here.acks) == 1


async def test_unclaimed_messages_wait_for_their_consumer() -> None:
    """A message without a consumer is given to the one that comes, in order."""
    here = Dispatch()
    here.dispatcher.deliver([delivery("a", "1"), delivery("b", "2"), delivery("a", "3")])
    reader = consumer("a")
    here.dispatcher.add(reader)
    assert texts(reader) == ["1", "3"]
    here.finish(reader)
    assert len(here.acks) == 2
    here.dispatcher.close()


async def test_unclaimed_too_long() -> None:
    """After unclaimed_s: told, then acknowledged; the younger ones wait on."""
    here = Dispatch(unclaimed_s=0.01)
    here.dispatcher.deliver([delivery("a", "old")])
    here.clock.advance(0.008)
    here.dispatcher.deliver([delivery("a", "young")])
    here.clock.advance(0.004)
    await eventually(lambda: here.acks)
    assert [one.payload for one in here.unclaimed] == [b"old"]
    assert here.unclaimed == here.acks
    here.dispatcher.close()


async def test_given_back_to_the_next_consumer() -> None:
    """Left unfinished: the next consumer of the topic gets it; QoS 0 is dropped, counted."""
    here = Dispatch()
    first, second = consumer("a"), consumer("a")
    here.dispatcher.add(first)
    here.dispatcher.deliver([delivery("a", "1"), delivery("a", "0", 0), delivery("a", "2")])
    here.dispatcher.remove(first)
    here.dispatcher.give_back(first.inbox.drain())
    assert here.dispatcher.dropped == 1
    here.dispatcher.add(second)
    assert texts(second) == ["1", "2"]
    here.finish(second)
    assert [one.qos for one in here.acks] == [0, 1, 1]
    here.dispatcher.close()


async def test_what_waited_is_as_it_came() -> None:
    """The next consumer gets a message of its own: when it came, and not what another one captured."""
    here = Dispatch()
    first, second = consumer("plant/{line}"), consumer("plant/+")
    here.clock.advance(100)
    here.dispatcher.deliver([delivery("plant/1")])
    came = here.clock.wall()
    here.clock.advance(5)
    here.dispatcher.add(first)
    (item,) = first.inbox.items
    assert (item[0].captures, item[0].arrived) == ({"line": "1"}, came)
    here.dispatcher.remove(first)
    here.dispatcher.give_back(first.inbox.drain())
    here.dispatcher.add(second)
    assert [(one[0].captures, one[0].arrived) for one in second.inbox.items] == [({}, came)]
    assert item[0].captures == {"line": "1"}
    here.dispatcher.close()


async def test_given_back_by_one_of_two() -> None:
    """The other has its copy already: it does not get it twice, and the acknowledgement waits for both."""
    here = Dispatch()
    stays, goes, comes = consumer("a"), consumer("a"), consumer("a")
    here.dispatcher.add(stays)
    here.dispatcher.add(goes)
    here.dispatcher.deliver([delivery("a", "1")])
    here.dispatcher.remove(goes)
    here.dispatcher.give_back(goes.inbox.drain())
    here.finish(stays)
    assert here.acks == []
    here.dispatcher.add(comes)
    assert texts(comes) == ["1"]
    here.finish(comes)
    assert len(here.acks) == 1
    here.dispatcher.close()


async def test_enough_means_also_what_is_still_on_its_way() -> None:
    """After "I have enough": late messages of the filter are acknowledged, until someone wants it again."""
    here = Dispatch()
    reader = consumer("a/+")
    here.dispatcher.deliver([delivery("a/0", "waited"), delivery("b", "other")])
    here.dispatcher.enough(["$share/group/a/+"])
    here.dispatcher.deliver([delivery("a/1", "late")])
    assert [one.payload for one in here.acks] == [b"waited", b"late"]
    here.clock.advance(29)
    here.dispatcher.deliver([delivery("a/1", "later")])
    here.clock.advance(29)
    here.dispatcher.deliver([delivery("a/1", "latest")])
    assert len(here.acks) == 4
    here.dispatcher.add(reader)
    here.dispatcher.remove(reader)
    here.dispatcher.deliver([delivery("a/1", "unclaimed again")])
    assert len(here.acks) == 4
    here.dispatcher.close()


async def test_enough_of_one_filter_is_not_enough_of_another() -> None:
    """What waits or comes by another filter of the session waits for its handler, which is not there yet."""
    here = Dispatch()
    here.dispatcher.deliver([delivery("a/b", "1", by=("+/b",)), delivery("a/b", "2", by=("$share/g/a/#",))])
    here.dispatcher.enough(["$share/g/a/#"])
    here.dispatcher.deliver([delivery("a/b", "3", by=("+/b",)), delivery("a/b", "4", by=("$share/g/a/#",))])
    assert here.payloads() == ["2", "4"]
    late = consumer("+/b")
    here.dispatcher.add(late)
    assert texts(late) == ["1", "3"]
    here.dispatcher.close()


async def test_enough_is_taken_back() -> None:
    """Somebody wants the filter after all: what comes late is nobody's, and not acknowledged."""
    here = Dispatch()
    here.dispatcher.enough(["$share/group/a/+", "b"])
    here.dispatcher.left.wanted(["$share/group/a/+", "c"])
    here.dispatcher.deliver([delivery("a/1", "late"), delivery("b", "late")])
    assert [one.topic for one in here.acks] == ["b"]
    here.dispatcher.close()


async def test_of_a_filter_that_is_kept() -> None:
    """What comes by it alone waits for who comes next: it is not for another one that is there."""
    here = Dispatch()
    other, back = consumer("a/#"), consumer("a/b")
    here.dispatcher.add(other)
    here.dispatcher.left.kept = {"a/b": identifier_of("a/b")}
    came = [delivery("a/b", "1", by=("a/b",)), delivery("a/b", "2", by=("a/#",)), delivery("a/b", "3")]
    here.dispatcher.deliver([*came, delivery("a/b", "4", by=("gone",))])
    assert texts(other) == ["2", "3", "4"]
    here.dispatcher.enough(["a/+"])
    assert here.acks == []
    here.dispatcher.add(back)
    assert texts(back) == ["1"]
    here.dispatcher.close()


async def test_enough_of_a_wider_filter() -> None:
    """What the topic alone tells: a kept filter may have brought it, so it is not acknowledged unread."""
    here = Dispatch()
    here.dispatcher.left.kept = {"$share/g/a/b": 1}
    here.dispatcher.deliver([delivery("a/b"), delivery("a/c")])
    here.dispatcher.enough(["a/#"])
    here.dispatcher.deliver([delivery("a/b"), delivery("a/d")])
    assert [one.topic for one in here.acks] == ["a/c", "a/d"]
    here.dispatcher.close()


async def test_closed() -> None:
    """After the end nothing is acknowledged: the session keeps it."""
    here = Dispatch()
    reader = consumer("a")
    here.dispatcher.add(reader)
    here.dispatcher.deliver([delivery("a"), delivery("b")])
    here.dispatcher.close()
    here.finish(reader)
    assert here.acks == []
