"""PUBCOMP waits for whoever remembers identifiers, on both kinds of engine (contract 5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast import Client, Limits
from holdfast.errors import ConfigurationError
from holdfast.protocol import ReleaseAsked
from holdfast.testing import Broker, eventually


class Remembers:
    """A holder that answers when it is told to."""

    name, place = "table", ""

    def __init__(self) -> None:
        self.asked: list[ReleaseAsked] = []

    def release_asked(self, asked: ReleaseAsked) -> None:
        self.asked.append(asked)


def client_of(broker: Broker, folder: Path, isolated: bool) -> Client:
    """One that takes one message at a time: the next comes with PUBCOMP."""
    return Client(
        broker.url,
        client_id="c",
        outbox=folder / "c.outbox",
        version="5",
        limits=Limits(receive_maximum=1),
        isolated=isolated,
        reconnect="lan",
    )


@pytest.mark.parametrize("isolated", [False, True])
async def test_the_next_message_waits_for_the_answer(tmp_path: Path, isolated: bool) -> None:
    """Over a lost connection too: the broker asks again, and that question is answered."""
    with Broker(strict=True) as broker:
        client, holder, handled = client_of(broker, tmp_path, isolated), Remembers(), list[str]()
        releases = client._join_releases(holder)
        assert releases is not None

        @client.on("t", qos=2)
        async def handle(text: str) -> None:
            handled.append(text)

        async with client:
            await client.ready(5)
            for payload in ("one", "two"):
                broker.publish("t", payload, qos=2)
            await eventually(lambda: holder.asked)
            broker.publish("t", "not in the window", qos=0)
            await eventually(lambda: "not in the window" in handled)
            assert "two" not in handled
            broker.cut()
            await eventually(lambda: len(holder.asked) == 2)
            for asked in list(holder.asked):
                releases.forgotten(holder, asked)
            await eventually(lambda: handled == ["one", "not in the window", "two"])
        assert broker.violations == []


async def test_a_client_that_runs_cannot_be_joined(tmp_path: Path) -> None:
    """Its session answers by itself: identifiers would stay in the sink, and swallow messages."""
    with Broker(strict=True) as broker:
        async with client_of(broker, tmp_path, False) as client:
            with pytest.raises(ConfigurationError, match="runs already"):
                client._join_releases(Remembers())
            with pytest.raises(ConfigurationError, match="runs already"):
                client.lend()._join_releases(Remembers())


async def test_without_a_file_nobody_is_waited_for() -> None:
    """What a killed process knew of the session is gone: remembered identifiers would prove nothing."""
    assert Client(client_id="c")._join_releases(Remembers()) is None
