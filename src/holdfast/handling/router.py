"""Handlers and their filters, gathered before there is a client."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Literal, TypeVar

from holdfast.errors import ConfigurationError
from holdfast.handling.retries import DEFAULT_RETRIES, Retries
from holdfast.handling.signature import Call, bind_all, is_coroutine
from holdfast.handling.work import DEFAULT_WORK, Key, KeyOf, Work
from holdfast.messages import QoS
from holdfast.topics import Pattern, validate_share
from holdfast.values import Value

F = TypeVar("F", bound=Callable[..., Any])

Retained = Literal["always", "new", "never"]


class HandlerOptions(Value):
    """How a subscription is asked for."""

    __match_args__ = ("qos", "share", "retained", "no_local")
    __slots__ = __match_args__

    def __init__(
        self,
        qos: QoS = 1,
        share: str | None = None,
        retained: Retained = "always",
        no_local: bool = False,
    ) -> None:
        self.qos = qos
        self.share = share
        self.retained = retained
        self.no_local = no_local
        if self.qos not in (0, 1, 2):
            raise ConfigurationError(f"qos must be 0, 1 or 2, not {self.qos!r}")
        if self.retained not in ("always", "new", "never"):
            raise ConfigurationError(f"retained must be 'always', 'new' or 'never', not {self.retained!r}")
        if self.share is not None:
            validate_share(self.share)
            if self.no_local:
                raise ConfigurationError("no_local and share exclude each other [MQTT-3.8.3-4]")

    def wire_filter(self, pattern: Pattern) -> str:
        """The topic filter as it stands in SUBSCRIBE."""
        return f"$share/{self.share}/{pattern.filter}" if self.share else pattern.filter


class Handler(Value):
    """One function with its filters; ``calls`` turn a message into its arguments.

    ``threaded``: it is no coroutine function, and runs on threads of its own. ``keys`` find the ordering
    key of a message, for each pattern; there are none where nothing was asked for. ``dedupe`` likewise, for
    the key by which repeats are known. ``expect_every_s``: so often its sources are expected to speak.
    """

    __match_args__ = (
        *("function", "patterns", "calls", "options", "threaded", "work", "keys"),
        *("dedupe", "expect_every_s"),
    )
    __slots__ = (*__match_args__, "__weakref__")  # what is known of it goes with it

    def __init__(
        self,
        function: Callable[..., Any],
        patterns: tuple[Pattern, ...],
        calls: tuple[Call, ...],
        options: HandlerOptions,
        threaded: bool = False,
        work: Work = DEFAULT_WORK,
        keys: tuple[KeyOf, ...] = (),
        dedupe: tuple[KeyOf, ...] = (),
        expect_every_s: float | None = None,
    ) -> None:
        self.function = function
        self.patterns = patterns
        self.calls = calls
        self.options = options
        self.threaded = threaded
        self.work = work
        self.keys = keys
        self.dedupe = dedupe
        self.expect_every_s = expect_every_s
        if expect_every_s is not None and not 0 < expect_every_s < inf:
            raise ConfigurationError(
                f"expect_every_s must be above 0, not {expect_every_s!r}", hint="None: nothing is expected"
            )

    @property
    def filters(self) -> tuple[str, ...]:
        """The topic filters as they stand in SUBSCRIBE."""
        return tuple(self.options.wire_filter(pattern) for pattern in self.patterns)

    @property
    def name(self) -> str:
        """What the log calls it."""
        return f"handler {getattr(self.function, '__qualname__', self.function)}"


class Router:
    """Handlers for a module that has no client yet; ``client.include(router)`` adds them."""

    def __init__(self) -> None:
        self.handlers: list[Handler] = []

    def on(
        self,
        *filters: str,
        qos: QoS = 1,
        share: str | None = None,
        retained: Retained = "always",
        concurrency: int = 1,
        key: Key | None = None,
        dedupe: Key | None = None,
        retries: Retries = DEFAULT_RETRIES,
        timeout_s: float | None = None,
        expect_every_s: float | None = None,
    ) -> Callable[[F], F]:
        """As ``Client.on``. Raises ConfigurationError when filter or function do not fit."""
        options = HandlerOptions(qos, share, retained)
        patterns = patterns_of(filters)
        work = Work(concurrency, retries, timeout_s)
        keys = () if key is None else _keys(key, patterns)
        repeats = () if dedupe is None else _keys(dedupe, patterns)

        def register(function: F) -> F:
            calls, threaded = bind_all(function, patterns), not is_coroutine(function)
            work.check(function, threaded)
            self.handlers.append(
                Handler(function, patterns, calls, options, threaded, work, keys, repeats, expect_every_s)
            )
            return function

        return register


def _keys(key: Key, patterns: tuple[Pattern, ...]) -> tuple[KeyOf, ...]:
    from holdfast.handling.keys import keys_of  # for those who want one

    return keys_of(key, patterns)


def patterns_of(filters: tuple[str, ...]) -> tuple[Pattern, ...]:
    """The patterns of these filters. Raises ConfigurationError when there is none."""
    if not filters:
        raise ConfigurationError("no topic filter given", hint='name at least one, as in on("plant/+/temp")')
    for filter in filters:
        _check_text(filter)
        if filter.startswith("$share/"):
            raise ConfigurationError(
                f"{filter!r}: a shared subscription is asked for with share=",
                hint='on("plant/+/temp", share="workers")',
            )
    return tuple(Pattern(filter) for filter in filters)


def _check_text(filter: object) -> None:
    if not isinstance(filter, str):
        raise ConfigurationError(
            f"{filter!r} is no topic filter",
            hint='filters stand in the parentheses: on("plant/+/temp", "a/#")',
        )
