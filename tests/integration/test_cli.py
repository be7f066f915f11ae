"""The commands against a real broker: what they do."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.testing import Broker
from tests.support.command import HOLDFAST, Running, holdfast


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A broker for the whole file; it hangs up on whoever breaks a rule."""
    with Broker(strict=True) as broker:
        yield broker.url
        assert broker.violations == []


def test_pub_says_when_it_is_acknowledged(url: str) -> None:
    """Exit code 0 is the broker's word, with the time it took."""
    done = holdfast("pub", "-u", url, "plant/1/temp", "21.5")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("acknowledged in ")
    assert done.stdout.strip().endswith(" ms")
    assert done.stderr == ""


@pytest.mark.parametrize(("qos", "word"), [("0", "sent"), ("1", "acknowledged"), ("2", "acknowledged")])
def test_pub_in_json(url: str, qos: str, word: str) -> None:
    """One object on stdout; QoS 0 is sent, never acknowledged."""
    done = holdfast("pub", "-u", url, "plant/1/temp", "21.5", "--qos", qos, "--json")
    record = json.loads(done.stdout)
    assert (record["topic"], record[word]) == ("plant/1/temp", True)
    assert done.stderr == ""


def test_the_url_may_come_from_the_environment(url: str) -> None:
    """HOLDFAST_URL serves the command line."""
    assert holdfast("pub", "plant/1/temp", "21.5", env={"HOLDFAST_URL": url}).returncode == 0


def test_sub_prints_what_comes(url: str, tmp_path: Path) -> None:
    """A line per message in order, bytes from stdin included; SIGINT ends it with 0."""
    with Running(tmp_path, "sub", "-u", url, "lines/{n}") as sub:
        sub.says("subscribed lines/+ at QoS 1")
        holdfast("pub", "-u", url, "lines/1", "one")
        holdfast("pub", "-u", url, "lines/2", "-", stdin=b"two\nlines \xff")
        sub.says("lines/2")
        assert sub.stop(signal.SIGINT) == 0
        assert sub.out == "lines/1 one\nlines/2 two\\nlines \\xff\n"


def test_sub_in_json(url: str, tmp_path: Path) -> None:
    """One object per line on stdout, all talk on stderr."""
    with Running(tmp_path, "sub", "-u", url, "objects/{n}", "--json") as sub:
        sub.says("subscribed")
        holdfast("pub", "-u", url, "objects/1", "21.5")
        sub.says('"captures"')
        assert sub.stop() == 0
        record = json.loads(sub.out)
        assert (record["payload"], record["captures"]) == ("21.5", {"n": "1"})


def test_a_reader_that_has_enough_ends_sub_quietly(url: str) -> None:
    """`holdfast sub ... | head -1`: no traceback, no word, exit code 0."""
    holdfast("pub", "-u", url, "pipe/1", "first", "--retain")
    sub = subprocess.Popen(
        [*HOLDFAST, "sub", "-u", url, "pipe/#"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert sub.stdout is not None
    assert sub.stderr is not None
    assert sub.stdout.readline() == b"pipe/1 first\n"
    sub.stdout.close()
    for number in range(50):  # the pipe is found closed when something is written into it
        if sub.poll() is None:
            holdfast("pub", "-u", url, "pipe/1", str(number))
    assert sub.wait(20) == 0
    assert b"Traceback" not in sub.stderr.read()
    sub.stderr.close()


def test_a_message_that_was_not_printed_is_not_acknowledged(url: str, tmp_path: Path) -> None:
    """With a client id the broker keeps what came while nobody listened."""
    arguments = ("sub", "-u", url, "kept/#", "--client-id", "listener")
    with Running(tmp_path / "1", *arguments) as sub:
        sub.says("subscribed")
        assert sub.stop() == 0
    holdfast("pub", "-u", url, "kept/1", "while away")
    with Running(tmp_path / "2", *arguments) as sub:
        sub.says("kept/1 while away")
