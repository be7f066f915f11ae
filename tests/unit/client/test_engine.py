"""The engine: batches in, batches out, one write per turn, and what becomes of a connection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.client.connection import Connection, Ended
from holdfast.client.engine import Engine
from holdfast.client.options import Limits
from holdfast.codec import (
    Auth,
    Connack,
    Disconnect,
    Pingresp,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)
from holdfast.errors import TooLarge
from holdfast.messages import Outgoing, QoS
from holdfast.outbox.memory import MemoryOutbox
from holdfast.protocol import (
    Challenge,
    ConnectRequest,
    Delivery,
    Granted,
    Intent,
    Opened,
    Record,
    Refused,
    Session,
    SessionEvent,
)
from holdfast.protocol import Settled as SettledRecord
from holdfast.testing import eventually
from holdfast.testing.manual_clock import ManualClock
from tests.unit.client.wired import Wired, incoming


class Driven:
    """One engine, its outbox, and everything it told."""

    def __init__(self, inbox_bytes: int = 1 << 20) -> None:
        self.outbox = MemoryOutbox(ManualClock())
        self.clock = ManualClock()
        self.deliveries: list[Delivery] = []
        self.records: list[Record] = []
        self.events: list[SessionEvent] = []
        self.batches = 0
        limits = Limits(inbox_bytes=inbox_bytes)
        self.engine = Engine(Session(10, self.outbox.restore()), self.outbox, self.clock, self, limits)

    def batch(self, deliveries: list[Delivery], records: list[Record], events: list[SessionEvent]) -> None:
        self.batches += 1
        self.deliveries += deliveries
        self.records += records
        self.events += events

    def dial(self, **request: Any) -> tuple[Connection, Wired]:
        """A link is open and CONNECT is out."""
        connection = Connection(self.engine)
        link = Wired(connection)
        request = {"client_id": "c", "session_expiry_s": 3600, "keepalive_s": 10, **request}
        self.engine.connect(connection, link, ConnectRequest(**request))
        assert link.names() == ["Connect"]
        return connection, link

    def up(self, **request: Any) -> tuple[Connection, Wired]:
        """Connected."""
        connection, link = self.dial(**request)
        link.accept()
        return connection, link

    def challenge(self) -> Challenge:
        """The latest one."""
        return [one for one in self.events if isinstance(one, Challenge)][-1]

    def publish(self, *qos: QoS) -> None:
        """Accept messages of these QoS."""
        for one in qos:
            self.outbox.accept([Outgoing(0, "t", b"x", one)])
        self.engine.wake()


async def turn() -> None:
    """One turn of the loop."""
    await asyncio.sleep(0)


async def test_nothing_leaves_before_connack_and_all_in_one_batch_after() -> None:
    """Rows wait for CONNACK; what is published in one turn is one write and one batch."""
    driven = Driven()
    driven.publish(1, 1)
    connection, link = driven.dial()
    await turn()
    assert link.names() == []
    draining = [driven.outbox.draining]
    link.accept()
    assert [*draining, driven.outbox.draining] == [False, True]
    assert isinstance(connection.opened.result(), Opened)
    assert driven.engine.terms is not None
    first = [packet.packet_id for packet in link.sent() if isinstance(packet, Publish)]
    driven.publish(0)
    driven.publish(2)
    driven.publish(1)
    await turn()
    assert link.names() == ["Publish"] * 3
    before = driven.batches
    link.feed(*map(Puback, first))
    assert driven.batches == before + 1
    settled = [record for record in driven.records if isinstance(record, SettledRecord)]
    assert [row.seq for record in settled for row in record.rows if record.ending == "acknowledged"] == [1, 2]
    assert connection.worked


async def test_only_an_acknowledgement_proves_that_a_link_works() -> None:
    """What was sent at QoS 0, or was too old, says nothing: such a link is not redialled at once."""
    driven = Driven()
    driven.outbox.accept([Outgoing(0, "t", b"old", expires_at=driven.clock.now() - 1)])
    driven.publish(0)
    connection, link = driven.up()
    assert len([one for one in driven.records if isinstance(one, SettledRecord)]) == 2
    assert not connection.worked
    driven.publish(1)
    await turn()
    (*_, last) = link.sent()
    assert isinstance(last, Publish)
    link.feed(Puback(last.packet_id))
    assert connection.worked


async def test_in_light_traffic_a_message_goes_at_once() -> None:
    """No turn of the loop is waited for; what follows in the same turn goes with the others of it."""
    driven = Driven()
    _, link = driven.up()
    await turn()
    for _ in range(3):
        driven.outbox.accept([Outgoing(0, "t", b"x")])
        driven.engine.accepted()
    assert link.names() == ["Publish"]
    await turn()
    assert link.names() == ["Publish"] * 2


async def test_under_load_a_message_waits_for_the_others_of_its_turn() -> None:
    """After a batch the next is gathered too: one write, not two."""
    driven = Driven()
    _, link = driven.up()
    driven.publish(1, 1)
    await turn()
    link.sent()
    for _ in range(3):
        driven.outbox.accept([Outgoing(0, "t", b"x")])
        driven.engine.accepted()
    assert link.sent() == []
    await turn()
    assert link.names() == ["Publish"] * 3


async def test_acknowledgements_of_one_turn_leave_together_in_wire_order() -> None:
    """Handled in any order, acknowledged in theirs."""
    driven = Driven()
    _, link = driven.up()
    link.feed(*(incoming(packet_id) for packet_id in (1, 2, 3)))
    for number in (2, 0):
        driven.engine.ack(driven.deliveries[number])
    assert link.sent() == []
    await turn()
    assert link.sent() == [Puback(1)]
    driven.engine.ack(driven.deliveries[1])
    await turn()
    assert link.sent() == [Puback(2), Puback(3)]


async def test_wishes_keep_their_order() -> None:
    """Given up and wanted again in one turn: UNSUBSCRIBE, then SUBSCRIBE; the last word counts."""
    driven = Driven()
    _, link = driven.up()
    driven.engine.subscribe([Intent("a")])
    await turn()
    link.feed(*(Suback(packet.packet_id, [1]) for packet in link.sent() if isinstance(packet, Subscribe)))
    driven.engine.unsubscribe(["a"])
    driven.engine.subscribe([Intent("a")])
    await turn()
    left, wanted = link.sent()
    assert isinstance(left, Unsubscribe)
    assert isinstance(wanted, Subscribe)
    link.feed(Unsuback(left.packet_id, [0]), Suback(wanted.packet_id, [1]))
    assert [type(event) for event in driven.events].count(Granted) == 2


async def test_a_full_transport_holds_everything_back() -> None:
    """While the transport's buffer is full rows stay in the outbox; then they leave."""
    driven = Driven()
    connection, link = driven.up()
    connection.writable(False)
    driven.publish(1, 1)
    await turn()
    assert link.names() == []
    assert driven.outbox.pending == 2
    connection.writable(True)
    await turn()
    assert link.names() == ["Publish", "Publish"]


async def test_refused_connack() -> None:
    """The refusal is the answer; the link is closed."""
    driven = Driven()
    connection, link = driven.dial()
    link.feed(Connack(False, 0x86, {"reason_string": "no"}))
    answer = connection.opened.result()
    assert isinstance(answer, Refused)
    assert (answer.code, answer.detail) == (0x86, "no")
    assert link.calls == ["close"]
    connection.abort()
    connection.abort()
    assert link.calls == ["close", "abort", "abort"]


async def test_disconnect_of_the_broker_names_the_end() -> None:
    """The reason is known also when the link is lost before we close it."""
    driven = Driven()
    connection, link = driven.up()
    link.feed(Disconnect(0x8E))
    connection.lost(None)
    ended = connection.ended.result()
    assert ended.closed is not None
    assert (ended.closed.by_us, ended.closed.reason) == (False, 0x8E)
    await turn()
    connection.received(b"late")


async def test_broken_rule_ends_the_link_with_our_reason() -> None:
    """A malformed packet: DISCONNECT with its reason, then closed, and cut if the peer does not follow."""
    driven = Driven()
    connection, link = driven.up()
    link.user.received(b"\x00\x00")
    await turn()
    sent = link.sent()
    assert [type(packet) for packet in sent] == [Disconnect]
    assert link.calls == ["close"]
    assert connection._cut is not None
    connection.lost(None)
    assert connection._cut.cancelled()
    assert connection.ended.result().closed.by_us  # type: ignore[union-attr]


async def test_lost_before_it_was_open() -> None:
    """A peer that hangs up at once: the attempt ends, and the engine is not left with a dead link."""
    driven = Driven()
    connection = Connection(driven.engine)
    connection.lost(ConnectionResetError())
    link = Wired(connection)
    driven.engine.connect(connection, link, ConnectRequest("c"))
    assert link.names() == []
    with pytest.raises(Ended):
        await connection.opened
    connection.close()
    assert link.calls == []


async def test_connack_in_the_turn_in_which_the_attempt_was_given_up() -> None:
    """The owner no longer waits: no error, whoever comes last."""
    driven = Driven()
    connection, link = driven.dial()
    connection.opened.cancel()
    link.accept()
    connection.abort()
    assert driven.engine.terms is None
    assert not driven.outbox.draining


async def test_keepalive_pings_and_then_aborts() -> None:
    """Silence: PINGREQ, then DISCONNECT 0x8D and an abort, as a dead peer takes no farewell."""
    driven = Driven()
    connection, link = driven.up()
    driven.clock.advance(7.6)
    driven.engine._tick()
    assert link.names() == ["Pingreq"]
    link.feed(Pingresp())
    driven.clock.advance(7.6)
    driven.engine._tick()
    assert link.names() == ["Pingreq"]
    driven.clock.advance(6.5)
    driven.engine._tick()
    await turn()
    assert link.calls == ["abort"]
    assert connection.ended.result().closed.reason == 0x8D  # type: ignore[union-attr]
    driven.engine.close()


async def test_back_pressure_reaches_the_link() -> None:
    """Behind by more than the limit: the link is not read, and read again when the handlers caught up."""
    driven = Driven(inbox_bytes=2000)
    _, link = driven.up()
    link.feed(*(incoming(packet_id, payload=b"x" * 1000) for packet_id in (1, 2)))
    read = [link.reading]
    for delivery in driven.deliveries:
        driven.engine.ack(delivery)
    await turn()
    assert [*read, link.reading] == [False, True]
    driven.engine.close()


async def test_goodbye_comes_behind_what_was_handed_over() -> None:
    """Acknowledgements of this very turn still leave; DISCONNECT is the last packet."""
    driven = Driven()
    connection, link = driven.up()
    link.feed(incoming(5))
    driven.engine.ack(driven.deliveries[0])
    driven.engine.unsubscribe(["old"])
    driven.engine.disconnect(7200)
    assert [type(packet).__name__ for packet in link.sent()] == ["Puback", "Unsubscribe", "Disconnect"]
    assert link.calls == ["close"]
    driven.publish(1)
    await turn()
    assert link.names() == []
    connection.lost(None)
    driven.engine.disconnect(None)


async def test_closed_with_a_link_it_ends_the_link_first() -> None:
    """The next run begins with a session that is down, and what was in flight goes out again."""
    driven = Driven()
    connection, link = driven.up()
    driven.publish(1)
    await turn()
    driven.engine.close()
    assert link.calls == ["abort"]
    assert connection.ended.done()
    driven.engine = Engine(driven.engine._session, driven.outbox, driven.clock, driven, Limits())
    _, link = driven.dial()
    link.accept(True)
    assert [packet.dup for packet in link.sent() if isinstance(packet, Publish)] == [True]


async def test_messages_come_again_to_the_next_run() -> None:
    """closed: what was not handled is delivered anew by the next engine on the same session."""
    driven = Driven()
    session = driven.engine._session
    connection, link = driven.up()
    link.feed(incoming(1))
    connection.lost(None)
    driven.engine.close(["gone"])
    after = Driven()
    after.engine._session = session
    _, link = after.dial()
    link.accept(present=True)
    assert link.names() == ["Unsubscribe"]
    link.feed(incoming(1, dup=True))
    assert len(after.deliveries) == 1
    after.engine.close()


async def test_commits_gate_what_leaves() -> None:
    """An outbox whose commits lag: nothing leaves before its records are durable (contract 5)."""
    driven = Driven()
    commits = [0]
    written: list[int] = []

    def write(records: list[Record]) -> int:
        if records:
            commits[0] += 1
            written.append(commits[0])
        return commits[0]

    driven.outbox.write = write  # type: ignore[assignment,method-assign]
    _, link = driven.up()
    driven.publish(1)
    await turn()
    assert link.names() == []
    driven.outbox.durable = commits[0]
    driven.outbox.on_durable()
    await eventually(lambda: link.names() == ["Publish"])
    driven.engine.close()
    driven.outbox.on_durable()


async def test_a_broker_that_has_yet_to_prove_itself_is_not_read() -> None:
    """From its CONNACK to our answer; handlers that are behind may switch reading off again at once."""
    driven = Driven(inbox_bytes=1024)
    connection, link = driven.dial(authentication_method="M")
    link.feed(Auth(0x18, {"authentication_method": "M"}))
    driven.engine.authenticate(lambda session, now: session.answer(driven.challenge(), b"x", now))
    assert link.names() == ["Auth"]
    link.feed(Connack(False, 0, {"authentication_method": "M"}), incoming(1, payload=bytes(1024)))
    seen = (link.reading, connection.opened.done(), len(driven.deliveries))
    assert seen == (False, False, 0)
    driven.engine.authenticate(lambda session, now: session.answer(driven.challenge(), None, now))
    assert isinstance(connection.opened.result(), Opened)
    assert len(driven.deliveries) == 1
    assert not link.reading
    driven.engine.close()


async def test_a_step_may_refuse() -> None:
    """What a step raises or gives reaches its caller; reading goes on in a re-authentication."""
    driven = Driven()
    _, link = driven.dial(authentication_method="M")
    link.accept(authentication_method="M", maximum_packet_size=20)
    driven.engine.authenticate(lambda session, now: session.answer(driven.challenge(), None, now))
    with pytest.raises(TooLarge):
        driven.engine.authenticate(lambda session, now: session.reauthenticate(bytes(30), now))
    assert driven.engine.authenticate(lambda session, now: session.reauthenticate(None, now))
    link.feed(Auth(0, {"authentication_method": "M"}))
    assert link.reading
    assert link.names() == ["Auth"]
    driven.engine.close()
