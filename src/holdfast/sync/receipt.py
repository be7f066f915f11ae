"""A receipt whose waits block the thread."""

from __future__ import annotations

from holdfast.client import Receipt as Awaited
from holdfast.client.receipt import State
from holdfast.sync.home import Home, check


class Receipt:
    """A ticket for one accepted message, or for a group; dropping it costs and hides nothing.

    ``id`` is the outbox sequence number (of the group's first message). ``maybe_duplicate`` is
    True when a QoS 2 message was sent again to a broker that had forgotten the session. ``commit`` is
    the number of the outbox commit it is in.
    """

    __slots__ = ("_home", "_receipt")

    def __init__(self, receipt: Awaited, home: Home) -> None:
        """Made by the client."""
        self._receipt = receipt
        self._home = home

    def __repr__(self) -> str:
        return repr(self._receipt)

    @property
    def id(self) -> int:
        """The outbox sequence number."""
        return self._receipt.id

    @property
    def commit(self) -> int:
        """The number of the outbox commit it is in."""
        return self._receipt.commit

    @property
    def maybe_duplicate(self) -> bool:
        """Whether it may have arrived twice."""
        return self._receipt.maybe_duplicate

    @property
    def state(self) -> State:
        """Where the message is; "submitted" until it is durable in an outbox file."""
        return self._receipt.state

    def accepted(self, timeout_s: float | None = None) -> None:
        """Return once the message is kept: at once in memory, after the commit in a file.

        Raises Timeout (it is still on its way), OutboxError, Stopped.
        """
        check(self._home)
        self._receipt._block_accepted(timeout_s)

    def acknowledged(self, timeout_s: float | None = None) -> None:
        """Wait for PUBACK or PUBCOMP (QoS 0: until handed whole to the transport).

        Interrupting the wait leaves the message alone. Raises PublishRefused, Expired, Dropped, KillsLink
        (all PublishFailed; a TooLarge is its cause), Timeout (still pending), Stopped.
        """
        check(self._home)
        self._receipt._block_acknowledged(timeout_s)
