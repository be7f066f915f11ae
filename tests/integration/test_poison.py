"""A message that kills the process that handles it costs some restarts, and then itself alone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.integration import poisoned
from tests.integration.conftest import AnyBroker, MakeClient, Version, on_tcp
from tests.unit.outbox.files import query

INNOCENT = 30


def consume(broker: AnyBroker, version: Version, folder: Path) -> subprocess.CompletedProcess[str]:
    """One life of the consumer."""
    files = [str(folder / "consumer.db"), str(folder / "handled")]
    command = [sys.executable, "-m", poisoned.__name__, broker.url, version, *files, str(INNOCENT)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@on_tcp
async def test_it_is_recognised_after_some_restarts(
    broker: AnyBroker, version: Version, make: MakeClient, tmp_path: Path
) -> None:
    """A dead letter with the reason; all others are handled, and none of them is one."""
    async with make() as sender:
        lurking = make(client_id="consumer")
        async with lurking:

            @lurking.on("work/#")
            async def leave(payload: str) -> None:
                raise OSError

            await lurking.ready(5)
        for number in range(INNOCENT):
            await sender.publish("work/a", str(number))
            if number == 9:
                await sender.publish("work/b", "poison")
        await sender.flush(5)
    deaths = 0
    while (life := consume(broker, version, tmp_path)).returncode == -signal.SIGKILL:
        deaths += 1
        assert deaths <= 4, life.stderr
    assert (life.returncode, life.stdout.split()[-1]) == (0, "well"), life.stderr
    assert deaths == 4  # of one that is new, and of three that came again
    assert query(tmp_path / "consumer.db", "SELECT payload, reason FROM dead") == [
        (b"poison", "the process died 3 times while it was handled")
    ]
    assert poisoned.done(str(tmp_path / "handled")) == {str(number) for number in range(INNOCENT)}
    assert query(tmp_path / "consumer.db", "SELECT count(*) FROM begun") == [(0,)]
