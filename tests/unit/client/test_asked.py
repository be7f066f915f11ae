"""Functions of the application that are asked at an attempt: a value, or why there is none."""

from __future__ import annotations

import asyncio
import gc
import json

import pytest

from holdfast.client.asked import FunctionFailed, asked, ends_us, seen, where
from holdfast.resilience import of_error


def test_a_value_is_itself_and_a_function_is_asked_each_time() -> None:
    """Fresh at every attempt."""
    given = iter(["one", "two"])
    assert asked("password", "fixed") == "fixed"
    assert asked("password", None) is None
    assert [asked("password", lambda: next(given)) for _ in range(2)] == ["one", "two"]


@pytest.mark.parametrize("error", [KeyError("s3cret"), ConnectionRefusedError("s3cret"), TimeoutError()])
def test_an_error_is_told_by_class_and_place(error: Exception) -> None:
    """Not by its words, nor taken for one of the network's: the broker has refused nothing."""

    def vault() -> str:
        raise error

    with pytest.raises(FunctionFailed) as failure:
        asked("password", vault)
    verdict = of_error(failure.value, "host:1")
    assert verdict.cause == "function"
    raised = f"{type(error).__name__} at test_asked.py:"
    assert verdict.sentence.startswith(f"the function for password raised {raised}")
    assert "s3cret" not in str(verdict)
    assert (failure.value.__cause__, failure.value.__context__) == (None, None)


class Panic(BaseException):
    """What an extension raises that gives up: no Exception."""


@pytest.mark.parametrize("error", [Panic, GeneratorExit])
def test_what_is_no_exception_fails_one_attempt(error: type[BaseException]) -> None:
    """The panic of an extension does not end the dialling."""

    def panics() -> str:
        raise error

    with pytest.raises(FunctionFailed, match=f"password raised {error.__name__} at test_asked"):
        asked("password", panics)


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_process_goes_through(ending: type[BaseException]) -> None:
    """Ctrl-C and sys.exit() are no failures of an attempt."""

    def ends() -> str:
        raise ending

    with pytest.raises(ending):
        asked("password", ends)


def test_a_cancellation_inside_ends_nobody() -> None:
    """It is what a future says that was cancelled, and not for whoever asks."""

    def cancelled() -> str:
        raise asyncio.CancelledError

    with pytest.raises(FunctionFailed):
        asked("password", cancelled)


def test_an_error_of_the_application_is_told_by_its_place() -> None:
    """Not where a library of others raised it, but where the application's own code stood."""
    line = _fails.__code__.co_firstlineno + 1
    with pytest.raises(ValueError, match="Expecting") as failed:
        _fails()
    assert failed.value.__traceback__ is not None
    error = failed.value.with_traceback(failed.value.__traceback__.tb_next)
    assert where(error) == f"JSONDecodeError at test_asked.py:{line}"


def _fails() -> None:
    json.loads("no JSON")


async def test_whom_a_cancellation_ends() -> None:
    """Who waits for a future that somebody cancels goes on; a task that is cancelled itself does not."""
    ends: list[bool] = []

    async def wait(other: asyncio.Future[None]) -> None:
        try:
            await other
        except asyncio.CancelledError as error:
            ends.append(ends_us(error))

    for cancel_the_task in (False, True):
        other = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(wait(other))
        await asyncio.sleep(0)
        (task if cancel_the_task else other).cancel()
        await task
    assert ends == [False, True]
    assert not ends_us(KeyError())


async def test_what_a_task_says_is_heard() -> None:
    """Its error is nobody's to be retrieved any more; a cancelled one has none."""
    said: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: said.append(context))

    async def fail() -> None:
        raise KeyError

    for work in (fail(), asyncio.sleep(60)):
        task = loop.create_task(work)
        task.add_done_callback(seen)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        del task
        gc.collect()
    assert said == []
