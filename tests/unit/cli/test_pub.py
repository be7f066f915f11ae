"""What `holdfast pub` refuses before it dials."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.cli.link import LinkOptions
from holdfast.cli.pub import PubOptions, pub
from holdfast.cli.render import Screen
from holdfast.errors import ConfigurationError, OutboxError


async def test_a_wildcard_is_refused_at_once() -> None:
    """A topic that can never be published to is not tried for 30 s."""
    with pytest.raises(ConfigurationError, match="wildcard"):
        await pub(LinkOptions(url="mqtt://127.0.0.1:1"), PubOptions(topic="a/+", payload=b""), Screen())


async def test_no_broker_is_69(capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence says for how long it was tried, what stood in the way and what to look at."""
    options = PubOptions(topic="a", payload=b"", timeout_s=0.2)
    assert await pub(LinkOptions(url="mqtt://127.0.0.1:1"), options, Screen()) == 69
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("not acknowledged in 0.2 s: 127.0.0.1:1 refused the connection. Is the broker")
    assert said.err.count("\n") == 1


async def test_with_an_outbox_accepted_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No broker: it is in the file, exit code 0; the next run with a broker sends both."""
    path = tmp_path / "gateway.db"
    link = LinkOptions(url="mqtt://127.0.0.1:1")
    for number in (1, 2):
        options = PubOptions(topic="a", payload=b"x", outbox=str(path), timeout_s=0.2)
        assert await pub(link, options, Screen()) == 0
        said = capsys.readouterr()
        assert said.out.startswith(f"accepted: {number} wait in {path} for the next run; 127.0.0.1:1 refused")


async def test_an_outbox_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    """The folder is missing: said, and nothing was accepted."""
    options = PubOptions(topic="a", payload=b"x", outbox=str(tmp_path / "no" / "gateway.db"))
    with pytest.raises(OutboxError, match=r"no/gateway\.db"):
        await pub(LinkOptions(url="mqtt://127.0.0.1:1"), options, Screen())
