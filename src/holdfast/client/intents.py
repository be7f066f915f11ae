"""The subscriptions a client wants: merged per topic filter, and how the broker answered."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast import reasons
from holdfast.client.dispatcher import identifier_of
from holdfast.errors import ConfigurationError, SubscribeRefused
from holdfast.handling import HandlerOptions
from holdfast.messages import QoS
from holdfast.protocol import Granted, Intent, NotGranted


class Intents:
    """Several consumers may want one filter; the broker is asked once, at the highest QoS."""

    def __init__(self) -> None:
        self._wanted: dict[str, list[HandlerOptions]] = {}
        self._granted: dict[str, QoS] = {}
        self._refused: dict[str, SubscribeRefused] = {}

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def want(self, filters: Iterable[str], options: HandlerOptions) -> list[Intent]:
        """One more consumer of these; gives what the broker must be asked for."""
        asked = []
        for filter in filters:
            others = self._wanted.setdefault(filter, [])
            _check_agreement(filter, others, options)
            news = not others or options.qos > max(other.qos for other in others)
            others.append(options)
            if news or filter in self._refused:
                self._refused.pop(filter, None)
                asked.append(self._intent(filter))
        return asked

    def unwant(self, filters: Iterable[str], options: HandlerOptions) -> list[str]:
        """One consumer less; gives the filters that nobody wants any more."""
        gone = []
        for filter in filters:
            others = self._wanted.get(filter, [])
            if options in others:
                others.remove(options)
            if not others:
                gone.append(filter)
                self.forget(filter)
        return gone

    def forget(self, filter: str) -> None:
        """Nobody wants this filter."""
        for table in (self._wanted, self._granted, self._refused):
            table.pop(filter, None)

    def all(self) -> list[Intent]:
        """Everything wanted, for a new session object."""
        return [self._intent(filter) for filter in self._wanted]

    def refused_intents(self) -> list[Intent]:
        """What the broker refused, to be asked for once more."""
        return [self._intent(filter) for filter in self._refused]

    def _intent(self, filter: str) -> Intent:
        options = self._wanted[filter]
        first = options[0]
        qos = max((one.qos for one in options), default=first.qos)
        return Intent(filter, qos, first.retained, first.no_local, identifier_of(filter))

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

    def disconnected(self, kept: bool) -> None:
        """Without a connection nothing is known to be granted any more, unless the session is kept."""
        if not kept:
            self._granted = {}

    def missing(self, filters: Iterable[str] | None = None) -> list[str]:
        """Those of these filters (None: of all) that are not granted."""
        return [filter for filter in (self._wanted if filters is None else filters) if filter not in self._granted]

    def refusal(self, filters: Iterable[str] | None = None) -> SubscribeRefused | None:
        """The first refusal among these filters (None: among all)."""
        for filter in self._refused if filters is None else filters:
            if filter in self._refused:
                return self._refused[filter]
        return None

    def lowest(self, filters: Iterable[str]) -> QoS:
        """The lowest QoS granted to these."""
        return min((self._granted[filter] for filter in filters), default=0)


def _check_agreement(filter: str, others: list[HandlerOptions], options: HandlerOptions) -> None:
    for other in others:
        if (other.retained, other.no_local) != (options.retained, options.no_local):
            raise ConfigurationError(
                f"{filter} is subscribed already with other options for retained or no_local",
                hint="one topic filter is one subscription at the broker: use the same options",
            )
