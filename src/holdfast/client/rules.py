"""Rules: what a topic gets where the caller does not say, and which topics are not published to."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.errors import ConfigurationError, Denied
from holdfast.messages import HIGH, LOW, NORMAL, Priority, QoS
from holdfast.topics import matches, split_share, validate_filter, validate_topic
from holdfast.values import Frozen

PRIORITIES: dict[Priority, int] = {"low": LOW, "normal": NORMAL, "high": HIGH}

LONGEST_EXPIRY_S = 0xFFFFFFFF
"""What a Message Expiry Interval can say (MQTT 5 §3.3.2.3.3)."""

KNOWN_TOPICS = 4096
KNOWN_LENGTH = 512


class Rule(Frozen):
    """What messages on topics that match ``filter`` get, where ``publish`` is not told.

    ``allow`` False: publishing there raises Denied, whatever the caller says. ``qos``, ``retain``,
    ``expiry_s`` and ``priority`` None: no opinion. Of several rules the first that matches counts
    alone. Raises ConfigurationError.
    """

    __match_args__ = ("filter", "allow", "qos", "retain", "expiry_s", "priority")
    __slots__ = __match_args__

    def __init__(
        self,
        filter: str,
        *,
        allow: bool = True,
        qos: QoS | None = None,
        retain: bool | None = None,
        expiry_s: float | None = None,
        priority: Priority | None = None,
    ) -> None:
        self.filter = filter
        self.allow = allow
        self.qos = qos
        self.retain = retain
        self.expiry_s = expiry_s
        self.priority = priority
        validate_filter(filter)
        if split_share(filter)[0] is not None:
            raise ConfigurationError(f"Rule: {filter!r} is a shared subscription; a rule is about topics")
        if qos not in (None, 0, 1, 2):
            raise no_qos(qos, "Rule: ")
        check_expiry(expiry_s)
        if priority is not None:
            class_of(priority)


class Defaults:
    """What one topic gets: a rule with its gaps filled."""

    __slots__ = ("expiry_s", "priority", "qos", "retain")

    def __init__(self, rule: Rule | None = None) -> None:
        self.qos: QoS = 1
        self.retain = False
        self.expiry_s: float | None = None
        self.priority = NORMAL
        if rule is not None:
            self.qos = 1 if rule.qos is None else rule.qos
            self.retain = bool(rule.retain)
            self.expiry_s = rule.expiry_s
            self.priority = NORMAL if rule.priority is None else PRIORITIES[rule.priority]


class Rules:
    """Finds what a topic gets; topics repeat, so answers are kept, in bounds.

    ``known`` are the answers found before, for loops in which a call costs too much.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [(rule, Defaults(rule)) for rule in rules]
        self._else = Defaults()
        self.known: dict[str, Defaults] = {}

    def find(self, topic: str) -> Defaults:
        """Check a topic, and say what it gets. Raises ConfigurationError, Denied."""
        found = self.known.get(topic)
        return self._look(topic) if found is None else found

    def _look(self, topic: str) -> Defaults:
        validate_topic(topic)
        found = self._else
        for rule, defaults in self._rules:
            if matches(rule.filter, topic):
                if not rule.allow:
                    raise Denied(f"publishing to {topic} is denied by the rule for {rule.filter}")
                found = defaults
                break
        if len(self.known) >= KNOWN_TOPICS:
            self.known.clear()
        if len(topic) <= KNOWN_LENGTH:
            self.known[topic] = found
        return found


def class_of(priority: Priority) -> int:
    """The priority class of this name. Raises ConfigurationError."""
    if priority not in PRIORITIES:
        raise ConfigurationError(f'priority must be "low", "normal" or "high", not {priority!r}')
    return PRIORITIES[priority]


def no_qos(qos: object, where: str = "") -> ConfigurationError:
    """The error for what is no QoS."""
    return ConfigurationError(f"{where}qos must be 0, 1 or 2, not {qos!r}")


def check_expiry(expiry_s: float | None) -> None:
    """Raise ConfigurationError for what no message can have as its life."""
    if expiry_s is not None and not 0 < expiry_s <= LONGEST_EXPIRY_S:
        raise ConfigurationError(
            f"expiry_s must be above 0 and at most {LONGEST_EXPIRY_S}, not {expiry_s}",
            hint="None: never expires",
        )
