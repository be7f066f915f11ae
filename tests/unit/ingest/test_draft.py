"""A batch in the making."""

from __future__ import annotations

from holdfast.client.inbox import Item
from holdfast.ingest.draft import Draft
from holdfast.ingest.errors import Misfit
from holdfast.ingest.identifiers import Identifiers
from holdfast.ingest.row import Row, as_it_came
from holdfast.ingest.sink import Refused
from holdfast.messages import Message, QoS
from holdfast.protocol import Delivery


def item(payload: bytes, qos: QoS = 2, packet_id: int = 1, again: bool = False) -> Item:
    delivery = Delivery("t", payload, qos, False, again, packet_id)
    return delivery, delivery, 0, None


def row(message: Message) -> Row:
    return (message.text(),)


def test_messages_become_rows_in_their_order() -> None:
    """And each row finds its message again, for the quarantine."""
    draft = Draft(row, None)
    draft.add([item(b"one", 1), item(b"two", 0)])
    draft.add([item(b"three", 2)])
    batch = draft.batch(5)
    assert batch.number == 5
    assert batch.rows == [("one",), ("two",), ("three",)]
    assert batch.as_it_came(1) == as_it_came(item(b"two", 0)[0])
    assert (draft.count, draft.known, batch.state) == (3, 0, "")


def test_what_makes_no_row_is_refused() -> None:
    """With its reason; the rows beside it find their messages all the same."""

    def picky(message: Message) -> Row:
        if message.payload == b"bad":
            raise Misfit("temp_c: $.temp is missing")
        return row(message)

    draft = Draft(picky, Identifiers("file", ""))
    draft.add([item(b"one"), item(b"bad", packet_id=2), item(b"two", packet_id=3)])
    batch = draft.batch(1)
    assert batch.rows == [("one",), ("two",)]
    assert batch.as_it_came(1)[4] == "two"
    assert batch.refused == [Refused(as_it_came(item(b"bad")[0]), "temp_c: $.temp is missing")]
    assert draft.count == 3
    assert '"2"' in batch.state


def test_what_is_stored_already_makes_no_row() -> None:
    """It is counted, and acknowledged with the others."""
    identifiers = Identifiers("file", "")
    before = Draft(row, identifiers)
    before.add([item(b"one")])
    state = before.batch(1).state
    draft = Draft(row, Identifiers("file", state))
    draft.add([item(b"one", again=True), item(b"two", packet_id=2)])
    batch = draft.batch(2)
    assert batch.rows == [("two",)]
    assert batch.as_it_came(0)[4] == "two"
    assert (draft.count, draft.known) == (2, 1)
    assert '"1"' in batch.state
    assert '"2"' in batch.state


def test_identifiers_are_those_of_qos_2() -> None:
    """At QoS 1 the broker uses a number again as soon as it is acknowledged."""
    draft = Draft(row, Identifiers("file", ""))
    draft.add([item(b"one", 1), item(b"one", 1, again=True)])
    assert draft.known == 0
    assert '"stored":{}' in draft.batch(1).state
