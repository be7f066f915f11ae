"""Compressed messages in an outbox file: over a restart, on a real broker (C15)."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from pathlib import Path

import pytest

from holdfast import Client, Compression
from holdfast.testing import eventually
from tests.support.command import holdfast
from tests.support.mosquitto import Mosquitto

TEXT = "plant 1 is at 21.5 degrees\n" * 200

pytestmark = pytest.mark.needs("mosquitto")


@pytest.mark.parametrize("again", [None, Compression()], ids=["without", "with"])
async def test_accepted_compressed_and_sent_by_the_next_run(
    path: Path, tmp_path: Path, again: Compression | None
) -> None:
    """The file holds gzip and its mark, also for who looks into it; whoever drains it needs no option."""
    with Mosquitto(tmp_path / "mosquitto") as mosquitto:
        url = mosquitto.url
        reader = Client(url, version="5", compression=Compression(), reconnect="lan")
        async with reader, reader.subscribe("t") as messages:
            await messages.ready(5)
            mosquitto.stop()
            await eventually(lambda: reader.snapshot().status != "connected")
            async with Client(url, version="5", outbox=path, compression=Compression(), drain_s=0) as sender:
                await sender.publish("t", TEXT, content_type="text/plain")
                await sender.publish_many([("t", TEXT)])
            looked_into(path)
            mosquitto.start()
            await messages.ready(10)
            async with Client(url, version="5", outbox=path, compression=again) as sender:
                await sender.flush(10)
            got = [await anext(messages), await anext(messages)]
    assert [(one.text(), one.content_type) for one in got] == [(TEXT, "text/plain"), (TEXT, None)]


def looked_into(path: Path) -> None:
    """list, show and export of marked rows."""
    assert holdfast("outbox", "list", str(path)).returncode == 0
    shown = holdfast("outbox", "show", str(path), "1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "text/plain+gzip" in shown.stdout
    exported = holdfast("outbox", "export", str(path)).stdout.splitlines()
    packed = [b64decode(json.loads(line)["payload_base64"]) for line in exported]
    assert [gzip.decompress(one).decode() for one in packed] == [TEXT, TEXT]
