"""``holdfast.sync`` is the asyncio client without async: each member, each parameter, each word."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import holdfast
from holdfast import sync

PAIRS = [
    (holdfast.Client, sync.Client),
    (holdfast.Subscription, sync.Subscription),
    (holdfast.Receipt, sync.Receipt),
    (holdfast.Pool, sync.Pool),
]

# What is made by the client, not by its users, is made as each kind needs it.
MADE_INSIDE = {("Subscription", "__init__"), ("Receipt", "__init__")}

# What the client asks of a subscription, for which each kind has words of its own.
ASKED_INSIDE = {"in_hand", "runs_in", "stale"}

NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}

# The words in which the two differ, and no others.
WORDS = {
    "async with": "with",
    "AsyncIterator": "Iterator",
    "A second\ncancellation skips": "Ctrl-C\nskips",
    "Cancelled while it waits": "Interrupted while it waits",
    "the CancelledError\ncarries": "the KeyboardInterrupt\ncarries",
    "Cancelling the wait leaves": "Interrupting the wait leaves",
    "exception, by cancellation or": "exception, by Ctrl-C or",
    "except in a handler, which that one waits for; and while a ``start`` is, for its end, ``drain_s``\n"
    "seconds at most.": (
        "except in a handler, which that one waits for; and while a ``start`` is, for its end, ``drain_s``\n"
        "seconds at most. A handler of ``signal.signal`` should raise SystemExit, as leaving ``with``\n"
        "stops: where it comes in the middle of a publish, this raises ConfigurationError. A function of\n"
        "yours that blocks the client's thread for longer is left behind with it, and the log says so."
    ),
    (
        "A coroutine function is called on the loop of the client, any other on threads of its own, which\n"
        "``holdfast.sync.over(client)`` gives a way back. Checked when registered: ConfigurationError.\n"
        "Any thread may register while the client runs, and waits until it has begun on the client's loop;\n"
        "another loop is refused with a coroutine function, which would not run there.\n"
    ): (
        "It is called on threads of its own; a coroutine function is refused. Checked when registered:\n"
        "ConfigurationError.\n"
    ),
}


def translated(text: str) -> str:
    """As the blocking face puts it."""
    for awaited, blocking in WORDS.items():
        text = text.replace(awaited, blocking)
    return text


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """What the class itself offers: public names, and the special ones that a reader of it writes."""
    special = {"__init__", *NAMES, *NAMES.values()}
    for name, member in vars(cls).items():
        if (not name.startswith("_") or name in special) and (
            callable(member) or isinstance(member, property)
        ):
            yield name, member


def of(cls: type) -> dict[str, Any]:
    return {NAMES.get(name, name): member for name, member in members(cls)}


CASES = [
    pytest.param(of(awaited)[name], of(blocking).get(name), id=f"{blocking.__name__}.{name}")
    for awaited, blocking in PAIRS
    for name in of(awaited)
    if (blocking.__name__, name) not in MADE_INSIDE
]


@pytest.mark.parametrize(("awaited", "blocking"), PAIRS, ids=["Client", "Subscription", "Receipt", "Pool"])
def test_the_same_members(awaited: type, blocking: type) -> None:
    """Nothing is left out, and nothing is offered by one alone; attributes of slots are properties here."""
    slots = {name for name in getattr(awaited, "__slots__", ()) if not name.startswith("_")}
    assert of(blocking).keys() == of(awaited).keys() | slots


@pytest.mark.parametrize(("awaited", "blocking"), CASES)
def test_the_same_signature(awaited: Any, blocking: Any) -> None:
    """The same parameters of the same kinds, defaults and types; what is awaited there is given here."""
    assert isinstance(awaited, property) == isinstance(blocking, property)
    if isinstance(awaited, property):
        awaited, blocking = awaited.fget, blocking.fget
    there, here = inspect.signature(awaited), inspect.signature(blocking)
    assert list(here.parameters.values()) == list(there.parameters.values())
    assert here.return_annotation == translated(there.return_annotation)
    assert not inspect.iscoroutinefunction(blocking)


@pytest.mark.parametrize(
    ("awaited", "blocking"),
    [
        *(case for case in CASES if str(case.id).partition(".")[2] not in ASKED_INSIDE),
        *(pytest.param(*pair, id=pair[0].__name__) for pair in PAIRS),
    ],
)
def test_the_same_words(awaited: Any, blocking: Any) -> None:
    """The docstrings say the same; where they cannot, the table above says so."""
    assert inspect.getdoc(blocking) == translated(inspect.getdoc(awaited) or "nothing")


def test_every_word_of_the_table_is_used() -> None:
    """No difference is listed that there is not."""
    said = [inspect.getdoc(one) or "" for awaited, _ in PAIRS for one in (awaited, *of(awaited).values())]
    said += [
        str(inspect.signature(one).return_annotation)
        for awaited, _ in PAIRS
        for one in of(awaited).values()
        if not isinstance(one, property)
    ]
    assert [word for word in WORDS if not any(word in text for text in said)] == []


def test_every_option_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocking client is built on the asyncio one with all it was told but isolation, which it has."""
    given: dict[str, object] = {}

    def build(url: object, **options: object) -> object:
        given.update(options, url=url)
        return object()

    monkeypatch.setattr("holdfast.sync.client.Awaited", build)
    told = {name: object() for name in inspect.signature(sync.Client).parameters if name != "isolated"}
    sync.Client(**told)  # type: ignore[arg-type]
    assert given == told
