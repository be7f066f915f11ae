"""A name becomes addresses, on a thread of ours.

asyncio looks names up on the threads of ``asyncio.to_thread``, of which there are a few more than cores. A
silent name server holds such a thread for ten seconds or more, whether the attempt was cancelled or not,
and two clients on two cores held them all. Then the program's own work waits behind them, the closing of
the outbox file too, and so does the lookup that would succeed.
"""

from __future__ import annotations

import re
import socket
from asyncio import wrap_future
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread
from time import monotonic
from typing import Any

Info = tuple[int, int, int, str, Any]
"""As of ``socket.getaddrinfo``: family, type, protocol, canonical name, address."""

JOIN_S = 0.5
"""Who asks so soon after another waits for the same answer; later ones ask anew: the network may be back."""

_NUMERIC = re.compile(r"[0-9.]+|.*:.*")


class _Lookup:
    """One question on its way."""

    def __init__(self, host: str, port: int) -> None:
        self.began = monotonic()
        self.answer: Future[Sequence[Info]] = Future()
        self.answer.set_running_or_notify_cancel()  # who gives up waiting does not cancel it for the others
        Thread(target=self._ask, args=(host, port), name="holdfast lookup", daemon=True).start()

    def _ask(self, host: str, port: int) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except BaseException as error:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(found)

    def is_for_all(self) -> bool:
        """Whether who asks now may wait for this one."""
        return not self.answer.done() and monotonic() - self.began < JOIN_S


_newest: dict[tuple[str, int], _Lookup] = {}


async def resolve(host: str, port: int) -> Sequence[Info]:
    """The addresses, in the order to try them. Raises OSError (gaierror)."""
    if _NUMERIC.fullmatch(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    lookup = _newest.get((host, port))
    if lookup is None or not lookup.is_for_all():
        lookup = _newest[host, port] = _Lookup(host, port)
    return await wrap_future(lookup.answer)
