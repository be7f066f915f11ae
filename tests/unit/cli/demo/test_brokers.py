"""The broker of the demo, as a process."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from holdfast.cli.demo.brokers import BrokerProcess, built_in, choose, free_port
from holdfast.errors import HoldfastError


async def connects(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def test_it_is_reachable_when_started_and_gone_when_ended(tmp_path: Path) -> None:
    """start() returns when it takes connections; SIGTERM and SIGKILL end it; the port stays its own."""
    broker = built_in(tmp_path, free_port())
    for end in (broker.terminate, broker.kill):
        await broker.start()
        assert await connects(broker.port)
        await end()
        assert not await connects(broker.port)


async def test_a_frozen_one_can_be_ended(tmp_path: Path) -> None:
    """SIGSTOP does not hold it for ever: ending it wakes it first."""
    broker = built_in(tmp_path, free_port())
    await broker.start()
    broker.freeze()
    await asyncio.wait_for(broker.terminate(), 20)
    broker.thaw()  # nothing is left to wake, which is no error
    await broker.kill()


async def test_one_that_does_not_start_is_named_with_its_log(tmp_path: Path) -> None:
    """The sentence says which, the hint where to read why."""
    command = [sys.executable, "-c", "raise SystemExit('no')"]
    broker = BrokerProcess("the broker", command, free_port(), tmp_path)
    with pytest.raises(HoldfastError, match="the broker did not start") as caught:
        await broker.start()
    log = tmp_path / "broker.log"
    assert str(log) in str(caught.value.hint)
    assert log.read_text() == "no\n"
    await broker.kill()


@pytest.mark.needs("mosquitto")
def test_mosquitto_is_taken_where_it_is(tmp_path: Path) -> None:
    """Its sessions are saved to the folder; its name has its version."""
    broker = choose(tmp_path)
    assert broker.name.startswith("mosquitto ")
    assert f"persistence_location {tmp_path}" in (tmp_path / "mosquitto.conf").read_text()
    assert choose(tmp_path, own=True).name.startswith("the built-in")


def test_the_built_in_one_is_taken_where_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No mosquitto, no excuse."""
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert choose(tmp_path).name.startswith("the built-in")
