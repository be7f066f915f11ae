"""A receipt that is waited for on threads."""

from __future__ import annotations

import threading

import pytest

from holdfast.client.receipts import Receipts
from holdfast.errors import Stopped, Timeout
from tests.unit.client.test_receipts import opened


def test_waiting_on_a_thread() -> None:
    """Woken by the ending or by stop(), or out of time; nothing is left behind."""
    receipts, said = Receipts(), list[str]()
    receipt, row = opened(receipts, 1)

    def wait() -> None:
        try:
            receipt._block_acknowledged(5)
            said.append("acknowledged")
        except Stopped:
            said.append("stopped")

    with pytest.raises(Timeout, match="still pending"):
        receipt._block_acknowledged(0.01)
    for end in (receipts.stop, lambda: receipts.settle(row, "acknowledged")):
        receipts.start()
        thread = threading.Thread(target=wait)
        thread.start()
        while not receipts.waited_for:
            thread.join(0.001)
        end()
        thread.join(5)
    assert said == ["stopped", "acknowledged"]
    receipt._block_acknowledged(0)
    assert receipts.waited_for == set()


def test_accepted_on_a_thread() -> None:
    """At once where there is no commit to wait for; else as long as it may, and then it says so."""
    receipts = Receipts()
    receipt, _ = opened(receipts, 1)
    receipt._block_accepted(0)
    receipts.durable = lambda: 0
    receipt.commit = 1
    with pytest.raises(Stopped, match="never started"):
        receipt._block_accepted(None)
    receipts.block_kept = lambda commit, timeout_s: timeout_s is None
    receipt._block_accepted(None)
    with pytest.raises(Timeout, match="was not committed"):
        receipt._block_accepted(0.5)


def test_many_threads_wait_for_one() -> None:
    """They come and give up all at once while it ends: each of those that stay is woken."""
    receipts, woken = Receipts(), list[int]()
    receipt, row = opened(receipts, 1)

    def wait(number: int) -> None:
        if number % 2:
            with pytest.raises(Timeout):
                receipt._block_acknowledged(0)
        receipt._block_acknowledged(10)
        woken.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    while not receipts.waited_for:
        threads[0].join(0.001)
    receipts.settle(row, "acknowledged")
    for thread in threads:
        thread.join(10)
    assert sorted(woken) == list(range(20))
