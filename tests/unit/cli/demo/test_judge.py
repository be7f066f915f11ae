"""Who lost it: each verdict from the packets that lead to it."""

from __future__ import annotations

import pytest

from holdfast import codec
from holdfast.cli.demo.judge import Verdict, judge
from holdfast.cli.demo.tap import Tap

A, B, C = "1-000001", "1-000002", "1-000003"


def connected() -> Tap:
    tap = Tap(lambda payload: payload.decode())
    tap.from_broker(codec.Connack())
    return tap


@pytest.fixture
def publisher() -> Tap:
    return connected()


@pytest.fixture
def ingester() -> Tap:
    return connected()


def message(serial: str, packet_id: int, dup: bool = False) -> codec.Publish:
    return codec.Publish("t", serial.encode(), 2, False, dup, packet_id)


def published(tap: Tap, *serials: str) -> None:
    for packet_id, serial in enumerate(serials, 1):
        tap.from_client(message(serial, packet_id))
        tap.from_broker(codec.Pubrec(packet_id))
        tap.from_client(codec.Pubrel(packet_id))
        tap.from_broker(codec.Pubcomp(packet_id))


def delivered(tap: Tap, *serials: str) -> None:
    for packet_id, serial in enumerate(serials, 1):
        tap.from_broker(message(serial, packet_id))
        tap.from_client(codec.Pubrec(packet_id))
        tap.from_broker(codec.Pubrel(packet_id))


def reconnect(tap: Tap, session_present: bool = True) -> None:
    tap.from_broker(codec.Connack(session_present))


def facts(verdict: Verdict) -> tuple[int, int, int, int, int]:
    return verdict.lost, verdict.doubled, verdict.unordered, verdict.broker_lost, verdict.broker_doubled


def test_all_is_well(publisher: Tap, ingester: Tap) -> None:
    """Everything acknowledged is stored once, in order: nothing to judge."""
    published(publisher, A, B)
    delivered(ingester, A, B)
    verdict = judge([A, B], [A, B], [publisher], ingester)
    assert facts(verdict) == (0, 0, 0, 0, 0)
    assert (verdict.stored, verdict.ours) == (2, 0)


def test_taken_by_the_broker_and_never_sent_is_the_brokers(publisher: Tap, ingester: Tap) -> None:
    """It answered PUBREC for it and forgot it (contract 28 b)."""
    published(publisher, A, B)
    delivered(ingester, A)
    assert facts(judge([A, B], [A], [publisher], ingester)) == (0, 0, 0, 1, 0)


def test_acknowledged_without_the_brokers_word_is_ours(publisher: Tap, ingester: Tap) -> None:
    """The publisher was told a lie: no PUBREC ever came."""
    publisher.from_client(message(A, 1))
    assert facts(judge([A], [], [publisher], ingester)) == (1, 0, 0, 0, 0)


def test_taken_by_the_ingester_and_not_stored_is_ours(publisher: Tap, ingester: Tap) -> None:
    """Acknowledged before it was committed: the crime this project exists to prevent."""
    published(publisher, A)
    delivered(ingester, A)
    assert facts(judge([A], [], [publisher], ingester)) == (1, 0, 0, 0, 0)


def test_in_the_ingesters_hands_is_ours(publisher: Tap, ingester: Tap) -> None:
    """Sent on the connection that is up, and never answered."""
    published(publisher, A)
    ingester.from_broker(message(A, 1))
    assert facts(judge([A], [], [publisher], ingester)) == (1, 0, 0, 0, 0)


def test_sent_into_a_dead_connection_and_never_again_is_the_brokers(publisher: Tap, ingester: Tap) -> None:
    """It had no PUBREC, so it had to send it again."""
    published(publisher, A)
    ingester.from_broker(message(A, 1))
    reconnect(ingester)
    assert facts(judge([A], [], [publisher], ingester)) == (0, 0, 0, 1, 0)


def test_sent_once_and_stored_twice_is_ours(publisher: Tap, ingester: Tap) -> None:
    """A repeat with DUP is one message: two rows of it are our doing."""
    published(publisher, A)
    ingester.from_broker(message(A, 1))
    reconnect(ingester)
    ingester.from_broker(message(A, 1, dup=True))
    ingester.from_client(codec.Pubrec(1))
    assert facts(judge([A], [A, A], [publisher], ingester)) == (0, 1, 0, 0, 0)


def test_sent_twice_and_stored_twice_is_the_brokers(publisher: Tap, ingester: Tap) -> None:
    """A message it had completed came again as a new one; a third row would be ours."""
    published(publisher, A)
    delivered(ingester, A)
    reconnect(ingester)
    delivered(ingester, A)
    assert facts(judge([A], [A, A], [publisher], ingester)) == (0, 0, 0, 0, 1)
    assert facts(judge([A], [A, A, A], [publisher], ingester)) == (0, 1, 1, 0, 1)


def test_published_twice_in_one_session_is_ours(publisher: Tap, ingester: Tap) -> None:
    """The publisher made two of one, although the broker knew the session."""
    publisher.from_client(message(A, 1))
    reconnect(publisher)
    published(publisher, B, A)
    delivered(ingester, A, B, A)
    assert judge([A, B], [A, B, A], [publisher], ingester).doubled == 1


def test_published_again_after_a_lost_session_is_the_brokers(publisher: Tap, ingester: Tap) -> None:
    """The broker forgot the session: what was in flight is uncertain (contract 6)."""
    publisher.from_client(message(A, 1))
    reconnect(publisher, session_present=False)
    published(publisher, A)
    delivered(ingester, A, A)
    assert facts(judge([A], [A, A], [publisher], ingester)) == (0, 0, 0, 0, 1)


def test_rows_in_another_order_than_they_were_sent_are_ours(publisher: Tap, ingester: Tap) -> None:
    """The order of the table is judged by the order on the wire."""
    published(publisher, A, B, C)
    delivered(ingester, A, B, C)
    assert judge([A, B, C], [B, A, C], [publisher], ingester).unordered == 1


def test_rows_in_the_order_the_broker_chose_are_right(publisher: Tap, ingester: Tap) -> None:
    """A broker that came back with another order is followed."""
    published(publisher, A, B)
    delivered(ingester, B, A)
    assert judge([A, B], [B, A], [publisher], ingester).unordered == 0


def test_a_publisher_that_overtakes_itself_is_ours(publisher: Tap, ingester: Tap) -> None:
    """First sendings leave in accept order (contract 8); gateways have no order among them."""
    published(publisher, B, A)
    other = connected()
    published(other, "2-000000")
    delivered(ingester, B, "2-000000", A)
    assert judge([A, B], [B, "2-000000", A], [publisher, other], ingester).unordered == 1


def test_a_wiped_session_is_ours(publisher: Tap, ingester: Tap) -> None:
    """Clean Start 1 on a kept session deletes what the broker holds for us (contract 1)."""
    ingester.from_client(codec.Connect("ingester", clean_start=True))
    verdict = judge([], [], [publisher], ingester)
    assert (verdict.wiped, verdict.ours) == (1, 1)
