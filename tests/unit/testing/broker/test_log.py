"""log.py: what survives a crash of the test broker's process."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from holdfast.testing.broker import log as module
from holdfast.testing.broker.log import CallLog

FIRST: module.Call = ("publish", ("t", b"\0first"), {"qos": 1})
SECOND: module.Call = ("receive", (7, b"second", 1.5), {})


def begun(path: Path) -> CallLog:
    log = CallLog(path)
    log.begin({"state": [1]}, [])
    return log


def test_no_file_is_an_empty_past(tmp_path: Path) -> None:
    """The first start of a broker."""
    assert CallLog(tmp_path / "none").read() == (None, [])


def test_what_was_committed_is_read_again(tmp_path: Path) -> None:
    """The snapshot, and the calls in their order; what was only noted is not there."""
    log = begun(tmp_path / "log")
    log.append(FIRST)
    log.append(SECOND)
    log.commit()
    log.append(FIRST)
    log.close()
    assert CallLog(tmp_path / "log").read() == ({"state": [1]}, [FIRST, SECOND])


def test_a_commit_is_a_write_and_then_an_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When fsync is asked for, the kernel has the record."""
    synced: list[int] = []
    plain = os.fdatasync
    log = begun(tmp_path / "log")

    def fdatasync(fd: int) -> None:
        synced.append(os.fstat(fd).st_size)
        plain(fd)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    log.append(FIRST)
    assert synced == []
    log.commit()
    assert synced == [log.size]
    log.close()


def test_to_begin_replaces_everything(tmp_path: Path) -> None:
    """By the new snapshot and the calls given with it, and appending goes on behind them."""
    log = begun(tmp_path / "log")
    log.append(SECOND)
    log.commit()
    grown = log.size
    log.begin(None, [FIRST])
    assert log.size < grown
    log.append(SECOND)
    log.commit()
    log.close()
    assert CallLog(tmp_path / "log").read() == (None, [FIRST, SECOND])
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_record_cut_off_by_a_crash_is_dropped(tmp_path: Path) -> None:
    """At every byte: the records before it are whole."""
    path = tmp_path / "log"
    log = begun(path)
    log.append(FIRST)
    log.commit()
    whole = log.size
    log.append(SECOND)
    log.commit()
    log.close()
    data = path.read_bytes()
    for end in range(whole, len(data)):
        path.write_bytes(data[:end])
        assert CallLog(path).read() == ({"state": [1]}, [FIRST])


def test_a_record_with_a_wrong_check_sum_ends_the_log(tmp_path: Path) -> None:
    """A page of the file that was never written."""
    path = tmp_path / "log"
    log = begun(path)
    whole = log.size
    log.append(FIRST)
    log.commit()
    log.close()
    data = bytearray(path.read_bytes())
    data[whole + 10] ^= 0xFF
    path.write_bytes(data)
    assert CallLog(path).read() == ({"state": [1]}, [])


def test_a_log_cannot_run_code(tmp_path: Path) -> None:
    """A record that names a class is refused."""
    log = begun(tmp_path / "log")
    log.append(("publish", (Path("/"),), {}))
    log.commit()
    log.close()
    with pytest.raises(pickle.UnpicklingError, match="plain data only"):
        CallLog(tmp_path / "log").read()


def test_calls_that_promise_nothing_do_not_fill_memory(tmp_path: Path) -> None:
    """They are written from time to time, without an fsync."""
    log = begun(tmp_path / "log")
    before = log.size
    big: module.Call = ("receive", (1, b"x" * (module.WAITING_BYTES // 4), 0.0), {})
    for _ in range(5):
        log.append(big)
    assert log.size - before > module.WAITING_BYTES
    log.close()
    assert len(CallLog(tmp_path / "log").read()[1]) >= 4
