"""Which runner a handler gets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.client.brokers import Target
from holdfast.client.endings import Endings
from holdfast.client.mailbox import Mailbox
from holdfast.client.runners import make_runner
from holdfast.client.state import State
from holdfast.handling import Router


async def coroutine(payload: str) -> None:
    """A coroutine function."""


def plain(payload: str) -> None:
    """A plain function."""


@pytest.mark.parametrize(
    ("function", "options", "kind"),
    [
        (coroutine, {}, "HandlerTask"),
        (coroutine, {"concurrency": 2}, "Crew"),
        (coroutine, {"key": "@topic"}, "Crew"),
        (plain, {}, "HandlerThread"),
        (plain, {"concurrency": 2}, "ThreadCrew"),
        (plain, {"key": "@topic"}, "ThreadCrew"),
    ],
)
async def test_a_handler_runs_as_it_needs(function: Any, options: dict[str, Any], kind: str) -> None:
    """Tasks for coroutine functions, threads for others; lanes for keys, and for several at once."""

    router = Router()
    router.on("t", **options)(function)
    state = State(Target("host:1", "mqtt://host:1"))
    endings = Endings(lambda delivery, shared: None, state)
    here = Mailbox(asyncio.get_running_loop())
    runner = make_runner(router.handlers[0], 10, endings, lambda one: None, here)
    assert type(runner).__name__ == kind
    endings.attach(runner.consumer)
    assert runner.consumer.put == runner.consumer.inbox.put
