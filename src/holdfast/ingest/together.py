"""Several ingests on one client, run as one: they begin together, and the end of one is the end of all.

A message of several of them is acknowledged when each has committed it (contract 16). So all of them must be
there before the first message comes, and none may go on alone when another cannot: what it would then
acknowledge, the other would never see.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from holdfast.errors import ConfigurationError, HoldfastError, Stopped
from holdfast.ingest.ledger import IngestLedger, total
from holdfast.ingest.service import Ingest, begin


class Together:
    """``ingests`` of one client. Raises ConfigurationError where two write into one table."""

    def __init__(self, ingests: Sequence[Ingest]) -> None:
        self.ingests = tuple(ingests)
        places = [(os.path.realpath(one.target), one.table.lower()) for one in self.ingests]
        for one, place in zip(self.ingests, places, strict=True):
            if places.count(place) > 1:
                raise ConfigurationError(
                    f"two ingests write into table {one.table!r} of {one.target}",
                    hint="give the topics of both to one, or name another table",
                )

    @property
    def ledger(self) -> IngestLedger:
        """The sum of theirs."""
        return total([one.ledger for one in self.ingests])

    @property
    def trouble(self) -> HoldfastError | None:
        """Why one of them can write nothing at the moment; None: all can."""
        return next((one.trouble for one in self.ingests if one.trouble is not None), None)

    @property
    def kept(self) -> int:
        """How many messages the outbox file keeps for them."""
        return sum([one.kept for one in self.ingests])

    @property
    def releasing(self) -> bool:
        """Whether the broker waits for a PUBCOMP, without which it may have no room to send more."""
        pipelines = [one._pipeline for one in self.ingests]
        return any(one.releases.open for one in pipelines if one and one.releases)

    async def run(self) -> IngestLedger:
        """Until ``stop()``, or until one of them ends. Raises what it raised, as ``Ingest.run``."""
        if not await begin(self.ingests[0]._client, self.ingests):
            return self.ledger
        ends = await asyncio.gather(*[one._run() for one in self.ingests], return_exceptions=True)
        errors = [end for end in ends if isinstance(end, BaseException)]
        for error in sorted(errors, key=lambda error: isinstance(error, Stopped)):
            raise error  # the others were stopped by it
        return self.ledger

    async def stop(self) -> None:
        """As ``Ingest.stop``, all of them."""
        await asyncio.gather(*[one.stop() for one in self.ingests])
