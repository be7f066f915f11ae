"""The subscriptions a client wants: merged per topic filter, and how the broker answered."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast import reasons
from holdfast.client.dispatcher import identifier_of
from holdfast.errors import ConfigurationError, SubscribeRefused
from holdfast.handling import HandlerOptions
from holdfast.messages import QoS
from holdfast.protocol import Granted, Intent, NotGranted
from holdfast.values import replace


class _Wish:
    """One topic filter: how it is asked for, and the consumers there are now."""

    __slots__ = ("asked", "consumers")

    def __init__(self, asked: HandlerOptions) -> None:
        self.asked = asked
        self.consumers: list[HandlerOptions] = []


class Intents:
    """Several consumers may want one filter; the broker is asked once, at the highest QoS.

    A filter whose consumers left without being done stays wanted: the session keeps it, and the
    next consumer takes it over (contract 15).
    """

    def __init__(self) -> None:
        self._wanted: dict[str, _Wish] = {}
        self._granted: dict[str, QoS] = {}
        self._refused: dict[str, SubscribeRefused] = {}
        self.kept: dict[str, int] = {}
        """Those without a consumer, with their identifiers: the session keeps them for the next."""

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def __contains__(self, filter: str) -> bool:
        return filter in self._wanted

    def check(self, filters: Iterable[str], options: HandlerOptions) -> None:
        """Raise ConfigurationError when another consumer wants one of these in another way."""
        for filter in filters:
            wish = self._wanted.get(filter)
            if wish is not None:
                check_agreement(filter, wish.consumers, options)

    def want(self, filters: Iterable[str], options: HandlerOptions) -> list[Intent]:
        """One more consumer of these; gives what the broker must be asked for."""
        filters = tuple(dict.fromkeys(filters))
        self.check(filters, options)
        return [self._intent(filter) for filter in filters if self._add(filter, options)]

    def _add(self, filter: str, options: HandlerOptions) -> bool:
        """Whether the broker must be asked (again): it is new, refused, or wanted differently."""
        wish = self._wanted.get(filter)
        news = wish is None or filter in self._refused
        if wish is None:
            wish = self._wanted[filter] = _Wish(options)
        wish.consumers.append(options)
        self.kept.pop(filter, None)
        qos = max(one.qos for one in wish.consumers)
        if options != wish.asked and (len(wish.consumers) == 1 or qos > wish.asked.qos):
            wish.asked, news = replace(options, qos=qos), True
            self._granted.pop(filter, None)
        self._refused.pop(filter, None)
        return news

    def unwant(self, filters: Iterable[str], options: HandlerOptions, done: bool) -> list[str]:
        """One consumer less; gives the filters to be given up.

        Not ``done``: the session keeps those that were not refused.
        """
        gone = []
        for filter in dict.fromkeys(filters):
            wish = self._wanted.get(filter)
            if wish is not None and options in wish.consumers:
                wish.consumers.remove(options)
            if wish is None or wish.consumers:
                continue
            if done or filter in self._refused:
                gone.append(filter)
                self.forget(filter)
            else:
                self.kept[filter] = identifier_of(filter)
        return gone

    def release(self, kept: bool) -> list[str]:
        """All consumers are gone; gives the filters that no ``kept`` session remembers."""
        for filter, wish in self._wanted.items():
            wish.consumers.clear()
            self.kept[filter] = identifier_of(filter)
        gone = [] if kept else list(self._wanted)
        for filter in gone:
            self.forget(filter)
        return gone

    def forget(self, filter: str) -> None:
        """Nobody wants this filter."""
        for table in (self._wanted, self._granted, self._refused, self.kept):
            table.pop(filter, None)

    def refused_intents(self) -> list[Intent]:
        """What the broker refused, to be asked for once more."""
        return [self._intent(filter) for filter in self._refused]

    def _intent(self, filter: str) -> Intent:
        asked = self._wanted[filter].asked
        return Intent(filter, asked.qos, asked.retained, asked.no_local, identifier_of(filter))

    # -- answers -----------------------------------------------------------------------------

    def granted(self, event: Granted) -> None:
        """The broker granted this one."""
        if event.filter in self._wanted:
            self._granted[event.filter] = event.qos
            self._refused.pop(event.filter, None)

    def refused(self, event: NotGranted) -> SubscribeRefused:
        """The broker refused this one."""
        self._granted.pop(event.filter, None)
        name = reasons.name(event.reason)
        error = SubscribeRefused(
            f"subscription to {event.filter} was refused: {name}",
            filter=event.filter,
            code=event.reason,
            reason=name,
            hint=reasons.sentence(event.reason),
        )
        if event.filter in self._wanted:
            self._refused[event.filter] = error
        return error

    def session_lost(self) -> None:
        """The broker forgot what it had granted."""
        self._granted = {}

    def missing(self, filters: Iterable[str] | None = None) -> list[str]:
        """Those of these filters (None: of all) that are not granted."""
        return [
            filter for filter in (self._wanted if filters is None else filters) if filter not in self._granted
        ]

    @property
    def refused_filters(self) -> tuple[str, ...]:
        """Those that the broker refuses at present; any thread."""
        return tuple(self._refused)

    def refusal(self, filters: Iterable[str] | None = None) -> SubscribeRefused | None:
        """The first refusal among these filters, any thread; None: among all, on the loop."""
        for filter in self._refused if filters is None else filters:
            error = self._refused.get(filter)
            if error is not None:
                return error
        return None

    def lowest(self, filters: Iterable[str]) -> QoS:
        """The lowest QoS granted to these."""
        return min((self._granted[filter] for filter in filters), default=0)


def check_agreement(filter: str, others: Iterable[HandlerOptions], options: HandlerOptions) -> None:
    """Raise ConfigurationError when one subscription cannot serve all of these."""
    for other in others:
        if (other.retained, other.no_local) != (options.retained, options.no_local):
            raise ConfigurationError(
                f"{filter} is subscribed already with other options for retained or no_local",
                hint="one topic filter is one subscription at the broker: use the same options",
            )
