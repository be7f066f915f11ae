"""How threads call the loop: what they get, what they wait for, and how a wait is ended."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from unittest.mock import Mock

import pytest

from holdfast import Client as Awaited
from holdfast.errors import Stopped, Timeout
from holdfast.sync import Client, home
from holdfast.sync.home import Home, Theirs, call
from holdfast.testing import Broker
from tests.unit.sync.conftest import client_threads, wait_for


class Loop:
    """A loop on a thread, for a while."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        return None if self._loop.is_closed() else self._loop

    def open(self) -> None:
        """It runs."""

    def enter(self) -> None:
        """It runs."""

    def close(self, at_once: bool = False, wait_s: float = 0) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


def test_results_and_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it gives is given, what it raises is raised, a Timeout of its own, too."""
    monkeypatch.setattr(home, "LOOK_S", 0.01)
    there: Home = Loop()

    async def give() -> int:
        await asyncio.sleep(0.05)
        return 7

    async def fail() -> None:
        raise Timeout("its own")

    async def cancel() -> None:
        raise asyncio.CancelledError

    assert call(there, give) == 7
    with pytest.raises(Timeout, match="its own"):
        call(there, fail)
    with pytest.raises(Stopped, match="ended meanwhile"):
        call(there, cancel)
    there.close()
    with pytest.raises(Stopped, match="has ended"):
        call(there, give)


def test_the_loop_ends_under_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread is gone without a word: noticed, and no wait hangs."""
    monkeypatch.setattr(home, "LOOK_S", 0.01)
    there, begun = Loop(), threading.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    def end() -> None:
        begun.wait(5)
        there.close()

    threading.Thread(target=end).start()
    with pytest.raises(Stopped, match="ended meanwhile"):
        call(there, hang)


def test_the_loop_of_an_asyncio_client_ends_under_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio.run() has ended, and nobody stopped the client: no thread waits for it any more."""
    monkeypatch.setattr(home, "LOOK_S", 0.01)
    there, begun, ends = Loop(), threading.Event(), list[str]()
    client = Awaited("mqtt://127.0.0.1:1")
    core = client._core = Mock(loop=there.loop)

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    def wait() -> None:
        with pytest.raises(Stopped) as stopped:
            call(Theirs(client), hang)
        ends.append(str(stopped.value))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert begun.wait(5)
    assert Theirs(client).loop is core.loop
    there.close()
    thread.join(5)
    assert ends == ["the client's loop ended meanwhile"]


def interrupted(wait: Callable[[], object]) -> None:
    """This wait is ended by Ctrl-C."""
    here = threading.main_thread().ident
    assert here is not None
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    timer = threading.Timer(0.1, signal.pthread_kill, (here, signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        wait()
    assert time.monotonic() - began < 2
    timer.join()
    signal.signal(signal.SIGINT, usual)


def test_ctrl_c_ends_every_wait(broker: Broker, client: Client) -> None:
    """Each of them, at once; the client goes on as if nothing had been waited for."""
    broker.hold("PUBACK")
    receipt = client.publish("t", "x")
    interrupted(receipt.acknowledged)
    interrupted(client.flush)
    interrupted(lambda: next(client.events()))
    with client.subscribe("nothing") as messages:
        interrupted(lambda: next(messages))
        interrupted(lambda: next(messages.batches()))
    broker.release()
    receipt.acknowledged(5)


def test_ctrl_c_while_it_stops(broker: Broker) -> None:
    """The drain is skipped, and nothing is left."""
    client = Client(broker.url, client_id="x", drain_s=30)
    client.start()
    client.ready(5)
    broker.hold("PUBACK")
    client.publish("t", "x")
    interrupted(client.stop)
    assert client_threads() == []
    wait_for(lambda: client.status == "disconnected")


def test_ctrl_c_while_room_is_waited_for(broker: Broker) -> None:
    """Not accepted then."""
    from holdfast import Outbox

    with Client(broker.url, client_id="x", outbox=Outbox(max_bytes=1024), drain_s=0.5) as client:
        client.ready(5)
        broker.hold("PUBACK")
        client.publish("t", "x" * 1000)
        interrupted(lambda: client.publish("t", "x" * 1000))
        assert client.snapshot().ledger.accepted == 1
        broker.release()


def test_a_forked_child_has_no_client() -> None:
    """The thread is the parent's: all is refused or ends there, stop() has nothing to do, nothing hangs."""
    program = """
        import os
        from holdfast.errors import HoldfastError
        from holdfast.sync import Client, Pool
        from holdfast.testing import Broker
        with Broker() as broker, Client(broker.url, client_id="x") as client, Pool(broker.url) as pool:
            client.ready(5)
            events, of_pool = client.events(), pool.events()
            with client.subscribe("x") as messages:
                for text in "abc":
                    client.publish("x", text).acknowledged(5)
                assert next(messages).text() == "a"
                child = os.fork()
                if not child:
                    for refused in (
                        lambda: client.publish("t", "x"), client.ready, client.start,
                        lambda: next(messages), lambda: next(messages.batches()),
                    ):
                        try:
                            print(refused())
                        except HoldfastError:
                            continue
                        os._exit(1)
                    for one in (events, of_pool, client.events(), pool.events()):
                        assert all(event.message for event in one)
                    client.stop()
                    os._exit(0)
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                assert [next(messages).text() for _ in range(2)] == ["b", "c"]
        raise SystemExit(code)
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)]
    assert subprocess.run(command, check=False, timeout=30).returncode == 0
