"""plugin.py: the fixtures, in pytest runs of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from holdfast.testing import plugin

LIMIT_S = 60


def run(folder: Path, test: str) -> str:
    """The output of pytest over one file, with the plugin loaded once however it is installed."""
    (folder / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    (folder / "test_it.py").write_text(test)
    source = Path(plugin.__file__).parents[2]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:holdfast",
            "-p",
            plugin.__name__,
            "-p",
            "no:cacheprovider",
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.stdout + done.stderr


ASYNC = """
import pytest
from holdfast import Message
from holdfast.testing import eventually

async def test_round_trip(mqtt_broker, mqtt_client):
    got = []
    @mqtt_client.on("t/{n}")
    async def handle(message: Message) -> None:
        got.append(message.text())
    await mqtt_client.ready(5)
    mqtt_broker.publish("t/1", "hello")
    await eventually(lambda: got == ["hello"])
    receipt = await mqtt_client.publish("u", "world")
    await receipt.acknowledged(5)
    assert [m.text() for m in mqtt_broker.messages("u")] == ["world"]

class TestClass:
    async def test_method(self, mqtt_client):
        await mqtt_client.ready(5)

@pytest.mark.parametrize("n", [1, 2])
async def test_parametrized(mqtt_client, n):
    await mqtt_client.ready(5)

async def test_left_undelivered(mqtt_broker, mqtt_client):
    await mqtt_client.ready(5)
    mqtt_broker.freeze()
    await mqtt_client.publish("t", "never there")
"""


def test_the_client_runs_around_an_asynchronous_test(tmp_path: Path) -> None:
    """Functions, methods and parameters; what is left undelivered at the end is no error."""
    assert "5 passed" in run(tmp_path, ASYNC)


SYNC = """
import socket

def test_broker_and_proxy(mqtt_broker, mqtt_proxy):
    mqtt_proxy.refuse()
    socket.create_connection(("127.0.0.1", mqtt_broker.port)).close()
    try:
        socket.create_connection(("127.0.0.1", mqtt_proxy.port))
    except ConnectionRefusedError:
        pass
    else:
        raise AssertionError("not refused")
"""


def test_broker_and_proxy_serve_plain_tests(tmp_path: Path) -> None:
    """No loop is needed for them."""
    assert "1 passed" in run(tmp_path, SYNC)


def test_the_client_in_a_plain_test_is_an_error_that_says_so(tmp_path: Path) -> None:
    """Without a loop it could not run."""
    output = run(tmp_path, "def test_it(mqtt_client): pass")
    assert "mqtt_client runs in an event loop, so test_it must be `async def`" in output
    assert "1 error" in output


def test_a_failing_test_is_reported_as_itself(tmp_path: Path) -> None:
    """The client is stopped all the same."""
    output = run(tmp_path, "async def test_it(mqtt_client):\n    assert mqtt_client is None\n")
    assert "assert mqtt_client is None" in output
    assert "1 failed" in output
    assert "error" not in output.lower().replace("assertionerror", "")


def test_the_plugin_costs_nothing_until_a_fixture_is_used() -> None:
    """It is loaded in every run of pytest."""
    code = f"import sys, {plugin.__name__}; print('holdfast.client' in sys.modules, 'ssl' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(Path(plugin.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    assert done.stdout.split()[0] == "False"
