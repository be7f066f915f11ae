"""Consuming, killed and stopped at any time: nothing is lost, doubled or out of order (contract 13, 14, 15).

A seed replays its history, but for the order of tasks that end at one moment, which is that of a set.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holdfast.client.dispatcher import Dispatcher
from holdfast.client.holding import Holding
from holdfast.client.kept_lanes import KeptLanes
from holdfast.client.parking import Parking
from holdfast.client.refill import Refill
from holdfast.client.remembered import Remembered
from holdfast.client.row_numbers import RowNumbers
from holdfast.client.suspects import Gate
from holdfast.client.unclaimed import Unclaimed
from holdfast.protocol.receiver import Receiver
from tests.simulation.consuming.history import wrong
from tests.simulation.consuming.world import World

CHUNK = 50


@pytest.mark.parametrize("first", range(0, 100, 5))
def test_nothing_is_lost_doubled_or_out_of_order(first: int, tmp_path: Path) -> None:
    """Each message is handled by all whose it is, once in a process, and in the order of its key."""
    assert wrong(World, range(first, first + 5), tmp_path) == []


@pytest.mark.chaos
@pytest.mark.parametrize("first", range(1000, 4000, CHUNK))
def test_the_same_in_many_more_histories(first: int, tmp_path: Path) -> None:
    """3,000 of them."""
    assert wrong(World, range(first, first + CHUNK), tmp_path) == []


# -- planted bugs ------------------------------------------------------------------------------


def _at_once(self: Holding, commit: int, call: Callable[[], object]) -> None:
    call()


def _nothing(*_: Any, **__: Any) -> None:
    """Nothing."""


def _none(*_: Any) -> None:
    """Nobody."""


def _no(*_: Any) -> bool:
    return False


def _yes(*_: Any) -> bool:
    return True


def _to_the_end(self: Unclaimed) -> None:
    self._timer = None
    now = self._clock.now()
    while self._waiting and self._waiting[0][0] <= now - self._for_s:
        _, delivery, shared = self._waiting.popleft()
        if not self._late(delivery, shared):
            self._waiting.append((now, delivery, shared))
    self._schedule()


def _first_is_enough(self: Dispatcher, delivery: Any, shared: Any) -> None:
    delivery.done = True
    self.ack(delivery)


def _past_a_gap(self: KeptLanes, item: Any, key: Any) -> None:
    self._keep(item[1], item[2], key)


def _always_new(self: Receiver, packet: Any, known: Any) -> None:
    if known is not None:
        self._detach(known)
    self._begin(packet)


PLANTED: dict[str, tuple[int, type, str, Callable[..., Any]]] = {
    "acknowledged before the file has it": (0, Holding, "when", _at_once),
    "one handler of two is enough": (0, Dispatcher, "finish", _first_is_enough),
    "a redelivery is another message": (0, Receiver, "_again", _always_new),
    "what is kept is not read back": (0, Refill, "go_on", _nothing),
    "what is in memory is read back": (0, RowNumbers, "__contains__", _no),
    "kept past a message that is not": (64, KeptLanes, "are_whole", _yes),
    "nobody looks what stands before it": (106, KeptLanes, "ahead", _none),
    "what comes is kept past a gap": (47, KeptLanes, "comes", _past_a_gap),
    "what a handler gave back stays nobody's": (6, Parking, "_is_given_back", _yes),
    "unclaimed messages overtake each other": (62, Unclaimed, "_expire", _to_the_end),
    "what has just been handled is not known": (470, Remembered, "load", Remembered._start),
    "a suspect is never let go of": (0, Gate, "survived", _nothing),
}
"""Where it is, and the seed from which on it is looked for."""


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the histories meet what each rule is for."""
    first, owner, name, instead = PLANTED[bug]
    monkeypatch.setattr(owner, name, instead)
    assert wrong(World, range(first, first + 100), tmp_path)
