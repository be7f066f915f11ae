"""Everything that can be raised on purpose.

An error is facts (attributes), a sentence (``str``) and a next step (``hint``).
Neither sentence nor hint ever holds a password.
"""

from __future__ import annotations

from collections.abc import Sequence


class HoldfastError(Exception):
    """Base of every error this library raises on purpose."""

    def __init__(self, sentence: str, *, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.hint = hint


class ConfigurationError(HoldfastError, ValueError):
    """An option, URL, topic, filter or handler is wrong; raised before anything happens."""


class Denied(HoldfastError):
    """A rule of this client forbids publishing to this topic (``Rule(allow=False)``)."""


class TooLarge(HoldfastError):
    """The message exceeds the maximum packet size of this broker [MQTT-3.2.2-15]."""


class PayloadError(HoldfastError, ValueError):
    """The payload cannot be decoded as asked, or the value cannot be written as JSON."""


class Timeout(HoldfastError, TimeoutError):
    """Your wait ended; nothing else did."""


class NotReady(Timeout):
    """Not connected and subscribed in time; ``cause`` says what stood in the way."""

    def __init__(self, sentence: str, *, cause: str | None = None, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.cause = cause


class Refused(HoldfastError):
    """The broker said no, with a reason code (MQTT 5 §2.4, MQTT 3.1.1 §3.2.2.3)."""

    def __init__(self, sentence: str, *, code: int, reason: str, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.code = code
        self.reason = reason


class ConnectRefused(Refused):
    """CONNACK with an error; seen in events and as the cause of NotReady, never thrown at a loop."""


class AuthenticationFailed(HoldfastError):
    """An enhanced authentication did not succeed, or was not finished (MQTT 5 §4.12).

    ``code``: the broker's reason code, where it gave one. Of an error in your authenticator only
    its class and place are told: its words may hold a secret.
    """

    def __init__(self, sentence: str, *, code: int | None = None, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.code = code


class SubscribeRefused(Refused):
    """SUBACK with an error for one topic filter."""

    def __init__(
        self, sentence: str, *, filter: str, code: int, reason: str, hint: str | None = None
    ) -> None:
        super().__init__(sentence, code=code, reason=reason, hint=hint)
        self.filter = filter


class PublishFailed(HoldfastError):
    """A receipt that did not end in an acknowledgement.

    ``errors`` lists ``(index, error)`` for each message of a group that failed.
    """

    errors: Sequence[tuple[int, HoldfastError]] = ()

    @classmethod
    def of_group(cls, errors: Sequence[tuple[int, HoldfastError]]) -> PublishFailed:
        """The one error of a ``publish_many`` receipt: how many failed, and the first reason."""
        failed = cls(f"{len(errors)} of the group failed; the first: {errors[0][1]}")
        failed.errors = tuple(errors)
        return failed


class PublishRefused(PublishFailed, Refused):
    """The broker answered this message with an error, or its limits forbid it."""


class Expired(PublishFailed):
    """The message was older than its ``expiry_s`` before it could be sent."""


class Dropped(PublishFailed):
    """The message was given up by an overflow policy."""

    def __init__(self, sentence: str, *, policy: str, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.policy = policy


class KillsLink(PublishFailed):
    """The link ends whenever this message is sent, ``times`` times so far: it was given up (contract 10)."""

    def __init__(self, sentence: str, *, topic: str, size: int, times: int, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.topic = topic
        self.size = size
        self.times = times


class Overload(HoldfastError):
    """Try later."""


class OutboxFull(Overload):
    """The outbox has no room within the time given; ``limit`` is the bound that was met."""

    def __init__(self, sentence: str, *, limit: int, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.limit = limit


class LinkDown(Overload):
    """What only a broker can answer was not asked; ``cause`` says why, as in ``Snapshot``."""

    def __init__(self, sentence: str, *, cause: str, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.cause = cause


class OutboxError(HoldfastError):
    """The outbox file ``path`` cannot be used as it is."""

    def __init__(self, sentence: str, *, path: str, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.path = path


class OutboxLocked(OutboxError):
    """Another process has the outbox file open: ``pid``, or None where it did not say."""

    def __init__(self, sentence: str, *, path: str, pid: int | None, hint: str | None = None) -> None:
        super().__init__(sentence, path=path, hint=hint)
        self.pid = pid


class OutboxUnwritable(OutboxError):
    """The outbox file cannot be written: the disk is full or broken, or the rights are missing."""


class Undelivered(HoldfastError):
    """``stop()`` ended with messages that only memory held; ``pending`` counts them."""

    def __init__(self, sentence: str, *, pending: int, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.pending = pending


class Stopped(HoldfastError):
    """The client was stopped, or gave up (``Status.FAILED``)."""
