"""The simulated gateways keep their rate and their books, and outlive their process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

from holdfast.cli.demo.gateways import Gateway
from holdfast.cli.demo.news import Books, Failure, News, Opened, from_line
from holdfast.cli.demo.readings import GATEWAYS, serial_of
from holdfast.testing import Broker, eventually

NOWHERE = "mqtt://127.0.0.1:1"


async def published(gateway: Gateway, least: int) -> None:
    """Let it publish so many at least."""
    until = asyncio.Event()
    publishing = asyncio.create_task(gateway.publish(500, until))
    before = gateway.ledger.accepted
    await eventually(lambda: gateway.ledger.accepted >= before + least)
    until.set()
    await publishing


def process(folder: Path, url: str = NOWHERE) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "holdfast.cli.demo.gateways", "--url", url, "--folder", str(folder)]
    command += ["--seed", "7", "--rate", "500"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)


async def test_it_publishes_with_and_without_a_broker(tmp_path: Path) -> None:
    """What is accepted while nobody answers is acknowledged later."""
    with Broker() as broker:
        gateway = Gateway(3, broker.url, tmp_path, 7)
        assert await gateway.open() == 0
        await gateway.client.ready(5)
        broker.freeze()
        await published(gateway, 20)
        assert gateway.ledger.pending == gateway.ledger.accepted
        broker.thaw()
        await gateway.client.flush(5)
        books = await gateway.client.stop()
        assert books.accepted == books.acknowledged >= 20
        topics = {message.topic for message in broker.messages()}
    assert topics == {"CM4_BLE_GW_TX/gateway-3"}


async def test_the_next_process_goes_on_behind_the_last_reading_accepted(tmp_path: Path) -> None:
    """No serial is left out and none is given twice, as one gateway would have sent them."""
    with Broker() as broker:
        broker.freeze()
        first = Gateway(1, broker.url, tmp_path, 7)
        await first.open()
        await published(first, 5)
        books = await first.client.stop()
        broker.thaw()
        second = Gateway(1, broker.url, tmp_path, 7)
        assert await second.open() == books.accepted == books.pending
        await published(second, 5)
        await second.client.flush(5)
        accepted = (await second.client.stop()).accepted
        serials = [serial_of(message.payload) for message in broker.messages()]
    assert serials == [f"1-{number:06}" for number in range(accepted)]


async def test_what_a_broker_refuses_is_told_by_its_serial(tmp_path: Path) -> None:
    """With the reason, for the books."""
    failed: list[Failure] = []
    with Broker() as broker:
        broker.refuse("PUBLISH", 0x99, times=1)
        gateway = Gateway(2, broker.url, tmp_path, 7, failed=failed.append)
        following = asyncio.create_task(gateway.observer.follow())
        await gateway.open()
        await published(gateway, 3)
        await gateway.client.flush(5)
        assert (await gateway.client.stop()).failed == 1
        await following
    assert [failure.serial for failure in failed] == ["2-000000"]
    assert "Payload format invalid" in failed[0].why


def test_the_process_says_how_it_stands_and_gives_its_books(tmp_path: Path) -> None:
    """News, that the outboxes are open, news as it is told to publish and to stop, the books."""
    with process(tmp_path) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        lines = map(from_line, iter(running.stdout.readline, b""))
        begin = list(takewhile(lambda said: not isinstance(said, Opened), lines))
        assert isinstance(begin[0], News)
        assert [link.name for link in begin[0].links] == [f"gateway-{n}" for n in range(1, GATEWAYS + 1)]
        running.stdin.write(b"go\n")
        running.stdin.flush()
        assert any(isinstance(said, News) and said.accepted > 20 for said in lines)
        running.stdin.write(b"quiet\n")
        running.stdin.flush()
        last = next(said for said in lines if isinstance(said, News) and not said.publishing)
        out, err = running.communicate(b"end\n", timeout=20)
    books = from_line(out.splitlines()[-1])
    assert isinstance(books, Books)
    assert sum(ledger.accepted for ledger in books.ledgers) == last.accepted == last.pending
    assert running.returncode == 0, err


def test_the_process_ends_with_the_demo(tmp_path: Path) -> None:
    """Whatever became of that: its stdin has an end, and nobody reads its stdout."""
    with process(tmp_path) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline()
        running.stdin.close()
        running.stdout.close()
        running.wait(20)


def test_an_outbox_that_cannot_be_used_ends_it_with_a_sentence(tmp_path: Path) -> None:
    """The last line of stderr says which."""
    with process(tmp_path / "no") as running:
        _, err = running.communicate(timeout=20)
    assert running.returncode == 1
    assert b"gateway-1.db cannot be opened" in err.splitlines()[-1]
