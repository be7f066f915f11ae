"""What `holdfast pub` refuses before it dials."""

from __future__ import annotations

import pytest

from holdfast.cli.link import LinkOptions
from holdfast.cli.pub import PubOptions, pub
from holdfast.cli.render import Screen
from holdfast.errors import ConfigurationError


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
