"""keeper.py: the core and its memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.codec import V5, Connect, Packet, Publish, Subscribe, SubscribeOption, encode
from holdfast.errors import ConfigurationError
from holdfast.testing.broker import keeper as module
from holdfast.testing.broker.keeper import Keeper
from holdfast.testing.broker.log import CallLog

KEPT = Connect("a", False, properties={"session_expiry_interval": 3600})


def talk(keeper: Keeper, *packets: Packet) -> None:
    """A kept client on link 1."""
    keeper.call("open", 1, 0.0)
    keeper.call("receive", 1, b"".join(encode(packet, V5) for packet in (KEPT, *packets)), 0.0)


def queued(keeper: Keeper) -> list[bytes]:
    session = keeper.core.sessions["a"]
    return [delivery.message.payload for delivery in (*session.inflight.values(), *session.queue)]


def test_without_a_file_it_lives_as_long_as_the_process() -> None:
    """A restart keeps what is durable, and forgets it when it is to."""
    keeper = Keeper(None, False, None, 0)
    talk(keeper, Subscribe(1, [SubscribeOption("t", 1)]))
    keeper.restart(1, forget=False)
    keeper.call("publish", "t", b"x", 1.0)
    assert queued(keeper) == [b"x"]
    keeper.restart(2, forget=True)
    assert not keeper.core.sessions
    assert keeper.core.connects == 1
    keeper.close()


@pytest.mark.parametrize("is_restart", [True, False])
def test_with_a_file_it_outlives_the_process(tmp_path: Path, is_restart: bool) -> None:
    """What was settled is there again; what was not, is not."""
    keeper = Keeper(None, False, tmp_path / "log", 0)
    talk(keeper, Subscribe(1, [SubscribeOption("t", 1)]))
    keeper.call("publish", "t", b"settled", 0.0)
    before = keeper.core.dirty
    keeper.settle(connected=True)
    assert (before, keeper.core.dirty) == (True, False)
    keeper.call("publish", "t", b"not settled", 0.0)
    if is_restart:
        keeper.restart(1, forget=False)
    else:
        keeper = Keeper(None, False, tmp_path / "log", 1)
    assert queued(keeper) == [b"settled"]


def test_to_forget_empties_the_file_too(tmp_path: Path) -> None:
    """The next process finds nothing."""
    keeper = Keeper(None, False, tmp_path / "log", 0)
    talk(keeper)
    keeper.settle(connected=True)
    keeper.restart(1, forget=True)
    keeper.close()
    assert not Keeper(None, False, tmp_path / "log", 1).core.sessions


def test_scripts_survive_a_restart_and_hold_for_what_is_logged_after_it(tmp_path: Path) -> None:
    """The log knows which packets a script kept from the core."""
    keeper = Keeper(None, False, tmp_path / "log", 0)
    keeper.call("refuse", "PUBLISH", 0x97, None)
    keeper.restart(1, forget=False)
    talk(keeper, Publish("r", b"refused", 1, retain=True, packet_id=1))
    keeper.settle(connected=True)
    assert not keeper.core.retained
    assert not Keeper(None, False, tmp_path / "log", 2).core.retained


def test_what_a_client_sent_over_several_calls_is_put_together_again(tmp_path: Path) -> None:
    """Half a packet is in the log like any other bytes."""
    keeper = Keeper(None, False, tmp_path / "log", 0)
    talk(keeper)
    data = encode(Publish("r", b"x", 1, retain=True, packet_id=1), V5)
    keeper.call("receive", 1, data[:5], 0.0)
    keeper.call("receive", 1, data[5:], 0.0)
    keeper.settle(connected=True)
    assert list(Keeper(None, False, tmp_path / "log", 1).core.retained) == ["r"]


def test_a_call_that_fails_is_not_logged(tmp_path: Path) -> None:
    """Else no process could read the log any more."""
    keeper = Keeper(None, False, tmp_path / "log", 0)
    with pytest.raises(ConfigurationError):
        keeper.call("hold", "NOTHING", "broker")
    talk(keeper)
    keeper.settle(connected=True)
    assert set(Keeper(None, False, tmp_path / "log", 1).core.sessions) == {"a"}


def test_a_long_log_is_written_anew_when_nobody_is_connected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before: what a link has sent by halves is in the log only."""
    monkeypatch.setattr(module, "COMPACT_BYTES", 1000)
    path = tmp_path / "log"
    keeper = Keeper(None, False, path, 0)
    talk(keeper)
    for connected in (True, False):
        keeper.call("publish", "r", b"x" * 1000, 0.0, retain=True)
        keeper.settle(connected)
        assert (CallLog(path).read()[1] == []) == (not connected)
    keeper.close()
    assert set(Keeper(None, False, path, 1).core.sessions) == {"a"}
