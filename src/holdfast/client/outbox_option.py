"""``Outbox(...)``: where accepted messages are kept, and what happens to them on their way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, get_args

from holdfast.errors import ConfigurationError
from holdfast.outbox.overflow import Policy
from holdfast.values import Frozen

if TYPE_CHECKING:
    from holdfast.clock import Clock
    from holdfast.outbox import port


class Outbox(Frozen):
    """How accepted messages are kept.

    ``path``: a SQLite file that outlives the process; None: memory. With ``{slot}`` in its name, for
    many processes: each takes the first number that is free, what an ended one left behind before a
    new one. ``durability``: "power" survives a power cut, "process" the death of the process.
    ``max_messages``, ``max_bytes``, ``max_age_s``: the budget; None: none. ``keep_qos0``: QoS 0 in the
    file too. ``overflow``: what happens when the budget is met: "wait" for room as long as
    ``publish(timeout_s=)`` says, "reject" with OutboxFull at once, or give up messages that were never
    sent: the oldest, the newest (the one to be accepted), the oldest of the lowest priority, or those a
    newer one on the same topic has overtaken.
    ``on_session_lost``: whether QoS 2 messages in flight when the broker forgot the session are sent
    again and may arrive twice, or fail and may not have arrived; QoS 1 is always sent again.
    ``retry``: a message the broker refused for now is overtaken ("later") or holds its priority
    class until it is through ("hold_class"). ``strip_properties``: on MQTT 3.1.1 send without the
    properties it cannot carry, rather than keep the message until there is MQTT 5.
    ``max_held_bytes``: how much the file keeps of what came in and could not be handled yet; beyond it
    the broker keeps it. Raises ConfigurationError.
    """

    __match_args__ = (
        "path",
        "durability",
        "max_messages",
        "max_bytes",
        "max_age_s",
        "keep_qos0",
        "overflow",
        "on_session_lost",
        "retry",
        "strip_properties",
        "max_held_bytes",
    )
    __slots__ = __match_args__

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        durability: Literal["power", "process"] = "power",
        max_messages: int | None = None,
        max_bytes: int | None = 1 << 30,
        max_age_s: float | None = None,
        keep_qos0: bool = False,
        overflow: Policy = "wait",
        on_session_lost: Literal["resend", "fail"] = "resend",
        retry: Literal["later", "hold_class"] = "later",
        strip_properties: bool = False,
        max_held_bytes: int | None = 1 << 30,
    ) -> None:
        self.path = path
        self.durability: Literal["power", "process"] = durability
        self.max_messages = max_messages
        self.max_bytes = max_bytes
        self.max_age_s = max_age_s
        self.keep_qos0 = keep_qos0
        self.overflow: Policy = overflow
        self.on_session_lost: Literal["resend", "fail"] = on_session_lost
        self.retry: Literal["later", "hold_class"] = retry
        self.strip_properties = strip_properties
        self.max_held_bytes = max_held_bytes
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                known = ", ".join(words)
                raise ConfigurationError(f"Outbox: {name} {getattr(self, name)!r} is not one of {known}")
        for name, lowest in _LOWEST.items():
            value = getattr(self, name)
            if value is not None and not value >= lowest:
                raise ConfigurationError(f"Outbox: {name} must be at least {lowest}, not {value}")
        if path is not None and not os.fspath(path):
            raise ConfigurationError("Outbox: the path is empty", hint='name a file, such as "gateway.db"')
        if keep_qos0 and path is None:
            raise ConfigurationError("Outbox: keep_qos0 needs a path", hint="memory keeps nothing")

    @property
    def is_file(self) -> bool:
        """Whether what is accepted outlives the process."""
        return self.path is not None


_WORDS: dict[str, tuple[str, ...]] = {
    "durability": ("power", "process"),
    "overflow": get_args(Policy),
    "on_session_lost": ("resend", "fail"),
    "retry": ("later", "hold_class"),
}

_LOWEST = {"max_messages": 1, "max_bytes": 1024, "max_age_s": 0.001, "max_held_bytes": 1024}


def check_client_id(option: Outbox, client_id: str | None) -> None:
    """Slots are clients of their own (``outbox.slots``). Raises ConfigurationError."""
    path = "" if option.path is None else os.fspath(option.path)
    if "{slot}" in path or (client_id is not None and "{slot}" in client_id):
        from holdfast.outbox.slots import check_slots  # as below

        check_slots(path, client_id)


def make(option: Outbox, qos0_messages: int, clock: Clock) -> port.Outbox:
    """The outbox this describes, not yet open."""
    hold_class = option.retry == "hold_class"
    if option.path is None:
        from holdfast.outbox.memory import MemoryOutbox  # each on first use, as most programs have one kind

        return MemoryOutbox(
            clock,
            max_messages=option.max_messages,
            max_bytes=option.max_bytes,
            max_age_s=option.max_age_s,
            overflow=option.overflow,
            hold_class=hold_class,
            qos0_messages=qos0_messages,
        )
    from holdfast.outbox.sqlite import SqliteOutbox

    return SqliteOutbox(
        option.path,
        clock,
        durability=option.durability,
        max_messages=option.max_messages,
        max_bytes=option.max_bytes,
        max_age_s=option.max_age_s,
        overflow=option.overflow,
        hold_class=hold_class,
        keep_qos0=option.keep_qos0,
        qos0_messages=qos0_messages,
        max_held_bytes=option.max_held_bytes,
    )
