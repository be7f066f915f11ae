"""What befalls a link: each fault is a place with a broker of its own, and can begin and heal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from holdfast.testing import Proxy
from tests.support.mosquitto import Mosquitto

ATTEMPT_S = 2.0
"""How long one attempt may take with ``reconnect="lan"`` (contract 19)."""

PROMPT_S = 1.5
"""From the first moment a new dial could succeed until subscriptions are live, at p95."""

SILENT_S = 2 * ATTEMPT_S
"""The same where nobody answers, so that attempts end by their own limit."""


class Fault(ABC):
    """Open while in ``with``; ``heal`` gives the first moment at which a new dial could succeed."""

    words: ClassVar[str]
    """What a table calls it."""
    limit_s: ClassVar[float] = PROMPT_S
    lasts_s: ClassVar[float] = 4.0
    short_s: ClassVar[float] = 2.5
    """Long enough for the waits to have grown to their cap."""
    again_s: ClassVar[float | None] = None
    """It comes back to the same link after so long; None: each time it meets another."""
    isolated: ClassVar[bool] = False
    """Whether it needs a network of its own (see ``namespace``)."""
    silent: ClassVar[bool] = False
    """Whether the client is told nothing when it begins."""
    url: str

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.violations: list[str] = []
        """What a strict broker found, in the end."""

    @contextmanager
    @abstractmethod
    def open(self) -> Iterator[None]:
        """The broker runs."""

    @abstractmethod
    async def begin(self) -> None:
        """Break the link."""

    @abstractmethod
    async def heal(self) -> float:
        """Let it work again."""


class Direct(Fault):
    """Nothing stands between the client and mosquitto."""

    saves: ClassVar[bool] = True

    @contextmanager
    def open(self) -> Iterator[None]:
        lines = ["max_queued_messages 0", "max_inflight_messages 100"]
        if self.saves:
            lines += ["persistence true", f"persistence_location {self._folder}/"]
        with Mosquitto(self._folder / "mosquitto", *lines) as self._broker:
            self.url = self._broker.url
            yield


class Behind(Direct):
    """mosquitto behind a proxy."""

    @contextmanager
    def open(self) -> Iterator[None]:
        with super().open(), Proxy(self._broker.url) as self._proxy:
            self.url = self._proxy.url
            yield
