"""``holdfast ingest --config``: one file for the connection and for several ingests, on mosquitto."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast import Client, QoS
from tests.support.command import Running, holdfast, wait
from tests.support.leaks import SECRET
from tests.support.mosquitto import Mosquitto

SETTINGS = """
url = "mqtt://127.0.0.1:1"               # HOLDFAST_URL wins over this line
client_id = "ingest-1"
username = "ingest"
password_file = "{folder}/secret"
outbox = "{folder}/ingest.db"

[[ingest]]
topic = "plant/{{line}}/temp"
into = "{folder}/readings.db"
table = "temperature"
qos = 2                                  # exactly one row per message; 1 with a key: one row per key
key = ["line", "at"]                     # a repeated message is one row

[ingest.columns]                         # name = "SOURCE type [required|default=VALUE]"
line   = "{{line}} text"                   # {{capture}}     from the topic
temp_c = "$.value.temp real required"    # $.json.path   from the payload: dots and [index] only
unit   = "$.unit text default=C"
at     = "$.time unixtime required"
seen   = "@received time"                # @field        of the message
raw    = "@payload blob"

[[ingest]]
topic = ["plant/#", "site/{{room}}/#"]
into = "sqlite:///{folder}/all.db"
"""
AT = 1_795_237_200


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """mosquitto that wants to know who we are, with a session store."""
    users = tmp_path / "users"
    users.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(users), "ingest", SECRET], check=True)
    lines = (f"password_file {users}", "persistence true", f"persistence_location {tmp_path}/")
    with Mosquitto(tmp_path / "mosquitto", *lines, anonymous=False) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings file, and the file that its password is in."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    path = tmp_path / "ingest.toml"
    path.write_text(SETTINGS.format(folder=tmp_path))
    return path


def ask(database: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as db:
        return db.execute(sql).fetchall()


def reading(temp: Any, at: int = AT, **more: Any) -> str:
    return json.dumps({"value": {"temp": temp}, "time": at, **more})


def publish(broker: Mosquitto, *messages: tuple[str, str], qos: QoS = 2) -> None:
    async def sent() -> None:
        async with Client(broker.url, username="ingest", password=SECRET, reconnect="lan") as client:
            receipt = await client.publish_many(messages, qos=qos)
            await receipt.acknowledged(10)

    asyncio.run(sent())


@pytest.mark.needs("mosquitto", "mosquitto_passwd")
def test_one_file_for_several_ingests(broker: Mosquitto, config: Path, tmp_path: Path) -> None:
    """Each message is a row in every table it is for, over a restart of all; what does not fit is beside."""
    command, env = (
        ("ingest", "--config", str(config), "--reconnect-max-attempts", "50"),
        {"HOLDFAST_URL": broker.url},
    )
    readings, everything = tmp_path / "readings.db", tmp_path / "all.db"
    with Running(tmp_path / "1", *command, env=env) as ingest:
        ingest.says("subscribed plant/+/temp at QoS 2")
        ingest.says("subscribed plant/# at QoS 1")
        ingest.says("subscribed site/+/# at QoS 1")
        publish(broker, ("plant/1/temp", reading(21.5)), ("site/7/door", "open"), ("plant/1/temp", "warm"))
        wait(lambda: ask(everything, "SELECT count(*) FROM messages") == [(3,)])
        assert ingest.stop() == 0
        lines = ingest.out.splitlines()
        assert "temperature in" in lines[0]
        assert "received 2 = stored 1 + repeated 0 + quarantined 1 + waiting 0" in lines[0]
        assert "received 3 = stored 3 + repeated 0 + quarantined 0 + waiting 0" in lines[1]
        assert "received 5 = stored 4 + repeated 0 + quarantined 1 + waiting 0" in lines[2]
    publish(broker, ("plant/1/temp", reading(99)), ("plant/2/temp", reading(3, AT + 1, unit="K")))
    broker.restart()
    with Running(tmp_path / "2", *command, "--json", env=env) as ingest:
        wait(lambda: ask(everything, "SELECT count(*) FROM messages") == [(5,)])
        wait(lambda: ask(readings, "SELECT count(*) FROM temperature") == [(2,)])
        assert "session kept" in ingest.err
        assert ingest.stop() == 0
        last = [json.loads(line) for line in ingest.out.splitlines()][-3:]
    assert [(one["event"], one.get("table"), one["repeated"]) for one in last] == [
        ("ingest", "temperature", 1), ("ingest", "messages", 0), ("ledger", None, 1),
    ]  # fmt: skip
    columns = "line, temp_c, unit, at, raw"
    assert ask(readings, f"SELECT {columns} FROM temperature ORDER BY id") == [
        ("1", 21.5, "C", "2026-11-21T05:00:00.000000Z", reading(21.5).encode()),
        ("2", 3.0, "K", "2026-11-21T05:00:01.000000Z", reading(3, AT + 1, unit="K").encode()),
    ]
    assert ask(readings, "SELECT payload, reason FROM temperature_quarantine") == [
        ("warm", "payload on plant/1/temp is not JSON: Expecting value: line 1 column 1 (char 0)")
    ]
    assert ask(everything, "SELECT topic, room FROM messages WHERE room IS NOT NULL") == [
        ("site/7/door", "7")
    ]


@pytest.mark.parametrize(
    ("change", "said", "hint"),
    [
        (("keepalive", "30"), "keepalive is no key", "Did you mean keepalive_s?"),
        (("keepalive_s", '"soon"'), "keepalive_s is 'soon', not a number", "Write it without quotes"),
        (("reconnect", '"fast"'), "reconnect 'fast' is not known", '"lan", "wan"'),
        (("password", f'"{SECRET}"'), "password is no key", "Did you mean password_file?"),
    ],
)
def test_a_wrong_file_is_78(config: Path, change: tuple[str, str], said: str, hint: str) -> None:
    """One sentence with file, key and value, and a next step; a supervisor need not start it again."""
    config.write_text(f"{' = '.join(change)}\n{config.read_text()}")
    before = set(config.parent.iterdir())
    done = holdfast("ingest", "--config", str(config))
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.startswith(f"{config}: ")
    assert said in done.stderr
    assert hint in done.stderr
    assert done.stderr.count("\n") == 1
    assert SECRET not in done.stderr
    assert set(config.parent.iterdir()) == before


def test_a_wrong_column_is_78(config: Path) -> None:
    """Which of the ingests, the column, and what was written."""
    config.write_text(config.read_text().replace("unixtime required", "unixtme required"))
    done = holdfast("ingest", "--config", str(config))
    assert done.returncode == 78
    assert (
        f"{config}: ingest 1: column 'at' is '$.time unixtme required': 'unixtme' is no type" in done.stderr
    )


def test_flags_for_one_of_several_are_usage(config: Path) -> None:
    """Nobody could say which is meant; those of the connection are for all."""
    done = holdfast("ingest", "--config", str(config), "--qos", "1")
    assert done.returncode == 2
    assert "--qos: of which of the 2 ingests" in done.stderr


def test_a_table_that_cannot_be_used_ends_them_all(config: Path, tmp_path: Path) -> None:
    """Exit code 73 before anything is acknowledged."""
    with closing(sqlite3.connect(tmp_path / "all.db")) as db:
        db.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, topic BLOB)")
    done = holdfast("ingest", "--config", str(config))
    assert done.returncode == 73
    assert "of another kind (without received" in done.stderr
