"""``holdfast ingest`` with columns and a key: what fits is a row, what does not is kept with its reason."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast.testing import Broker
from tests.support.command import Running, holdfast, wait
from tests.support.postgres import Database

COLUMNS = (
    "line={line} text",
    "temp_c=$.value.temp real required",
    "unit=$.unit text default=C",
    "at=$.time unixtime required",
    "seen=@received time",
    "raw=@payload blob",
)
AT = 1_795_237_200


@pytest.fixture
def strict() -> Iterator[Broker]:
    """Our own broker, which hangs up on acknowledgements out of order."""
    with Broker(strict=True) as running:
        yield running
        assert running.violations == []


def flags(url: str, database: Path | str, *more: str) -> tuple[str, ...]:
    columns = [word for one in COLUMNS for word in ("--columns", one)]
    where = ("-u", url, "-t", "plant/{line}/temp", "--into", str(database), "--table", "temperature")
    return ("ingest", *where, *columns, *more)


def ask(database: Path, sql: str) -> list[Any]:
    """Rows; none while there is no such table."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as db:
        try:
            return db.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []


def reading(temp: Any, at: int = AT, **more: Any) -> str:
    return json.dumps({"value": {"temp": temp}, "time": at, **more})


def test_a_stream_goes_on_past_what_does_not_fit(strict: Broker, tmp_path: Path) -> None:
    """Each nasty payload is beside the table, as it came and with a reason, acknowledged like the others."""
    database = tmp_path / "x.db"
    nasty: list[str | bytes] = [
        '{"value": ', b"\xff\xfe{", "{}", reading("warm"), reading(None), reading(True),
        reading(1, at=AT * 1000),
        '{"value": {"temp": NaN}, "time": 1}', '{"value": {"temp": 1e999}, "time": 1}', "[" * 100_000,
        json.dumps({"value": "x" * 1_000_000}), "9" * 5000, "",
    ]  # fmt: skip
    with Running(tmp_path / "out", *flags(strict.url, database, "--batch", "4")) as ingest:
        ingest.says("subscribed plant/+/temp at QoS 1")
        for number, payload in enumerate(nasty):
            strict.publish("plant/7/temp", payload)
            strict.publish("plant/7/temp", reading(str(number), at=AT + number, unit="K"))
        strict.publish("plant/8/temp", reading(21.5))
        wait(lambda: ask(database, "SELECT count(*) FROM temperature") == [(len(nasty) + 1,)])
        assert ingest.stop() == 0
        assert f"quarantined {len(nasty)} + waiting 0" in ingest.out
    rows = ask(database, "SELECT line, temp_c, unit, at, typeof(raw) FROM temperature ORDER BY id")
    assert rows[0] == ("7", 0.0, "K", "2026-11-21T05:00:00.000000Z", "blob")
    assert rows[-1] == ("8", 21.5, "C", "2026-11-21T05:00:00.000000Z", "blob")
    beside = ask(database, "SELECT topic, payload, reason FROM temperature_quarantine ORDER BY id")
    assert [payload for _, payload, _ in beside] == nasty
    assert all(topic == "plant/7/temp" and reason for topic, _, reason in beside)
    assert "temp_c: $.value.temp: 'warm' is no real" in [reason for *_, reason in beside]


def test_the_same_in_postgresql(strict: Broker, postgres: Database, tmp_path: Path) -> None:
    """Types are the database's own, a repeated key is one row, and what does not fit is beside the table."""
    more = ("--key", "line", "--key", "at", "--client-id", "ingest")
    nasty = ["no json", reading("warm"), reading(1, unit="a\0b"), reading(1, unit="\ud800")]
    with Running(tmp_path / "out", *flags(strict.url, postgres.url, *more)) as ingest:
        ingest.says("subscribed plant/+/temp at QoS 1")
        for payload in (*nasty, reading(21.5), reading(22.5), reading(3, at=AT + 1)):
            strict.publish("plant/7/temp", payload)
        ingest_ended = f"received 7 = stored 2 + repeated 1 + quarantined {len(nasty)} + waiting 0"
        wait(lambda: postgres.execute("SELECT 1 WHERE to_regclass('temperature_quarantine') IS NOT NULL"))
        wait(lambda: postgres.execute("SELECT 1 FROM temperature HAVING count(*) = 2"))
        assert ingest.stop() == 0
        assert ingest_ended in ingest.out
    assert postgres.execute("SELECT line, temp_c, unit, at, raw FROM temperature ORDER BY id") == [
        ("7", 21.5, "C", datetime(2026, 11, 21, 5, tzinfo=UTC), reading(21.5).encode()),
        ("7", 3.0, "C", datetime(2026, 11, 21, 5, 0, 1, tzinfo=UTC), reading(3, at=AT + 1).encode()),
    ]
    beside = postgres.execute("SELECT payload, reason FROM temperature_quarantine ORDER BY id")
    assert [bytes(payload).decode() for payload, _ in beside] == nasty
    assert [reason.partition(":")[0] for _, reason in beside][1:] == ["temp_c", "unit", "unit"]


@pytest.mark.parametrize(("keep", "kept"), [("first", 1.0), ("last", 3.0)])
def test_rows_with_one_key_are_one(strict: Broker, tmp_path: Path, keep: str, kept: float) -> None:
    """A message that is sent again is one row, over a restart too, and counted as repeated."""
    database = tmp_path / "x.db"
    more = ("--key", "line", "--key", "at", "--keep", keep)
    for run in range(2):
        with Running(tmp_path / str(run), *flags(strict.url, database, *more)) as ingest:
            ingest.says("subscribed" if run == 0 else "session kept")
            for temp in (1, 2) if run == 0 else (3,):
                strict.publish("plant/7/temp", reading(temp))
            strict.publish(f"plant/{run}/temp", reading(0))
            wait(lambda run=run: ask(database, f"SELECT 1 FROM temperature WHERE line = '{run}'"))  # type: ignore[misc]
            assert ingest.stop() == 0
            assert f"repeated {1}" in ingest.out
    assert ask(database, "SELECT temp_c FROM temperature WHERE line = '7'") == [(kept,)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--columns", "temp_c"), "names no column"),
        (("--columns", "raw=$ json"), "is there twice"),
        (("--columns", "more=$.temp rael"), "column 'more' is '$.temp rael': 'rael' is no type"),
        (("--key", "room"), "there is no column 'room'. Columns are line, temp_c"),
        (("--keep", "all"), "keep must be 'first' or 'last', not 'all'"),
        (("--keep", "last"), "but of which"),
        (("--share", "a/b"), "share name"),
    ],
)
def test_a_wrong_flag_is_usage(tmp_path: Path, wrong: tuple[str, ...], said: str) -> None:
    """One sentence with what was typed, exit code 2, and no file is made."""
    done = holdfast(*flags("mqtt://127.0.0.1:1", tmp_path / "x.db", *wrong))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_table_of_another_kind_is_73(tmp_path: Path) -> None:
    """The column, what it is, and what it was to be; the file stays as it is."""
    database = tmp_path / "x.db"
    with closing(sqlite3.connect(database)) as db:
        db.execute("CREATE TABLE temperature (id INTEGER PRIMARY KEY, temp_c INTEGER, at TEXT)")
    done = holdfast(*flags("mqtt://127.0.0.1:1", database))
    assert done.returncode == 73
    assert "column 'temp_c' of table 'temperature' is declared INTEGER, which cannot hold real" in done.stderr
    assert done.stderr.count("\n") == 1
    assert ask(database, "SELECT name FROM sqlite_master") == [("temperature",)]


def test_messages_are_shared(strict: Broker, tmp_path: Path) -> None:
    """Two of one group store each message once between them."""
    more = ("--share", "plant", "--client-id")
    database = tmp_path / "x.db"
    with (
        Running(tmp_path / "1", *flags(strict.url, database, *more, "one")) as one,
        Running(tmp_path / "2", *flags(strict.url, database, *more, "two")) as two,
    ):
        one.says("subscribed $share/plant/plant/+/temp")
        two.says("subscribed $share/plant/plant/+/temp")
        for number in range(20):
            strict.publish("plant/7/temp", reading(number))
        wait(lambda: ask(database, "SELECT count(*) FROM temperature") == [(20,)])
        assert (one.stop(), two.stop()) == (0, 0)
