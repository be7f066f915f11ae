"""``python -m holdfast.cli.demo.gateways``: the simulated gateways, in a process that is to be killed.

Each publishes its readings at a steady rate, link or no link, out of an outbox file of its own. Their
serials are numbered: the nth message a file accepted is the nth reading, whichever process it was
that published it.

It obeys the lines of its stdin and says on stdout how it stands, at once when a link changes and else
ten times a second (see ``news``):

======  ========================================================
go      publish
quiet   publish no more
end     stop the clients, say the books, end; so does end of file
======  ========================================================
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from holdfast.cli.demo.links import Observer
from holdfast.cli.demo.news import Books, Failure, News, Opened, Said, to_line
from holdfast.cli.demo.plan import KEEPALIVE_S
from holdfast.cli.demo.readings import GATEWAYS, client_id, readings, serial, topic
from holdfast.client import Client
from holdfast.errors import HoldfastError
from holdfast.outbox import Ledger

EVERY_S = 0.1


class Gateway:
    """One client on its outbox file in ``folder``.

    ``changed`` is told that its link came up or was lost, ``failed`` which of its messages failed.
    """

    def __init__(
        self,
        number: int,
        url: str,
        folder: Path,
        seed: int,
        *,
        changed: Callable[[], None] = lambda: None,
        failed: Callable[[Failure], None] = lambda failure: None,
    ) -> None:
        name = client_id(number)
        self.client = Client(
            url,
            client_id=name,
            outbox=folder / f"{name}.db",
            keepalive_s=KEEPALIVE_S,
            reconnect="lan",
            drain_s=2,
        )
        self.observer = Observer(
            self.client, changed, lambda seq, why: failed(Failure(serial(number, seq - 1), why))
        )
        self._number = number
        self._seed = seed

    async def open(self) -> int:
        """Open the outbox, begin to dial, and go on behind the last reading accepted.

        Gives how many messages wait in the outbox. Raises OutboxError.
        """
        await self.client.start()
        books = self.ledger
        chance, since = Random(f"{self._seed} {self._number}"), int(books.since.timestamp())
        self._readings = islice(readings(self._number, chance, since), books.accepted, None)
        return books.pending

    @property
    def ledger(self) -> Ledger:
        """The books of its file."""
        return self.client.snapshot().ledger

    async def publish(self, rate: float, until: asyncio.Event) -> None:
        """``rate`` readings a second, until told to stop."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not until.is_set():
            _, payload = next(self._readings)
            await self.client.publish(topic(self._number), payload, qos=2)
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - loop.time()))


class Gateways:
    """All of them: orders in, news out."""

    def __init__(self, url: str, folder: Path, seed: int, rate: float) -> None:
        self._all = [
            Gateway(number, url, folder, seed, changed=self._say, failed=say)
            for number in range(1, GATEWAYS + 1)
        ]
        self._rate = rate / GATEWAYS
        self._go, self._quiet = asyncio.Event(), asyncio.Event()
        self._publishing = GATEWAYS

    async def run(self, orders: asyncio.StreamReader) -> None:
        """Until told to end. Raises OutboxError, where a file cannot be used."""
        try:
            opened = Opened(sum([await gateway.open() for gateway in self._all]))
            self._say()
            say(opened)
            working = asyncio.gather(
                self._tell(),
                *(gateway.observer.follow() for gateway in self._all),
                *(self._publish(gateway) for gateway in self._all),
            )
            ends: set[asyncio.Future[Any]] = {working, asyncio.create_task(self._obey(orders))}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if working.done():  # it never is, but for an error
                await working
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        finally:
            books = Books([await gateway.client.stop() for gateway in self._all])
        say(books)

    async def _obey(self, orders: asyncio.StreamReader) -> None:
        async for line in orders:
            order = line.strip()
            if order == b"go":
                self._go.set()
            elif order == b"quiet":
                self._quiet.set()
            else:
                return

    async def _publish(self, gateway: Gateway) -> None:
        await self._go.wait()
        await gateway.publish(self._rate, self._quiet)
        self._publishing -= 1

    async def _tell(self) -> None:
        while True:
            self._say()
            await asyncio.sleep(EVERY_S)

    def _say(self) -> None:
        ledgers = [gateway.ledger for gateway in self._all]
        say(
            News(
                accepted=sum(ledger.accepted for ledger in ledgers),
                pending=sum(ledger.pending for ledger in ledgers),
                publishing=self._publishing > 0,
                links=[gateway.observer.link for gateway in self._all],
            )
        )


def say(said: Said) -> None:
    """One line on stdout, at once."""
    sys.stdout.write(f"{to_line(said)}\n")
    sys.stdout.flush()


async def _main(options: argparse.Namespace) -> None:
    orders = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(orders)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await Gateways(options.url, options.folder, options.seed, options.rate).run(orders)


def main(arguments: list[str] | None = None) -> int:
    """0 when told to end; 1 where an outbox cannot be used, with a sentence on stderr."""
    parser = argparse.ArgumentParser("python -m holdfast.cli.demo.gateways")
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where the outbox files are")
    parser.add_argument("--seed", type=int, required=True, help="what is in the readings")
    parser.add_argument("--rate", type=float, required=True, help="readings a second, of all together")
    try:
        asyncio.run(_main(parser.parse_args(arguments)))
    except HoldfastError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # the demo is gone, and so are we
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
