"""What makes a client one of a pool (contract 25)."""

from __future__ import annotations

from holdfast import Client
from holdfast.client.member import Member, let_go, member_of
from holdfast.testing import Broker, eventually


def test_nothing_new_is_sent_while_it_is_held() -> None:
    """Else the limit there was is the limit."""
    member = Member(tuple)
    room = member.gate(lambda room: room - 1)
    assert room(10) == 9
    member.held = True
    assert room(10) == 0


async def test_held_it_accepts_and_let_go_it_sends() -> None:
    """The link stands meanwhile; a client that does not run may be let go, too."""
    for isolated in (False, True):
        with Broker(strict=True) as broker:
            client = Client(broker.url, reconnect="lan", isolated=isolated)
            client._setup.member = Member(tuple)
            member_of(client).held = True
            async with client:
                await client.ready(5)
                receipts = [await client.publish("n", str(number)) for number in range(3)]
                client.redial()
                assert (broker.messages("n"), [receipt.state for receipt in receipts]) == (
                    [],
                    ["pending"] * 3,
                )
                let_go([client])
                await client.flush(5)
                await eventually(lambda: len(broker.messages("n")) == 3)
            let_go([client])
            assert broker.violations == []
