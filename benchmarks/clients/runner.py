"""What all clients do alike, so that they differ only in the library they call."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from benchmarks.clients.common import GO, LIMIT_S, PAUSE_S, Job, Meter, resident_bytes, tell_memory
from benchmarks.clients.counting import Counter, Trips

TRIP = "bench/trip"
Took = Callable[[bytes], None]


class Runner:
    """One job of an asyncio client that has connected; subclasses say how their library does each thing."""

    received_by = ""
    """What the handler is, and when it acknowledges."""
    queued_by = ""
    """Where a message waits that cannot go out."""

    def __init__(self, job: Job, meter: Meter) -> None:
        self.job = job
        self.meter = meter

    async def publish(self) -> None:
        """The job's messages, the meter started before and stopped after."""
        raise NotImplementedError

    def listen(self, took: Took) -> None:
        """Call `took` with the payload of each message from now on."""
        raise NotImplementedError

    async def subscribe(self, filters: list[str]) -> None:
        """In one SUBSCRIBE, at the job's QoS; waits for the SUBACK where the library can."""
        raise NotImplementedError

    async def send(self, topic: str, payload: bytes) -> None:
        """One message of QoS 1, not waiting for its PUBACK."""
        raise NotImplementedError

    async def queue(self) -> None:
        """Hand over the job's messages, which cannot go out."""
        raise NotImplementedError

    async def run(self) -> None:
        """What the case asks for."""
        kinds = {
            "publish": self.publish,
            "receive": self.receive,
            "trip": self.trip,
            "idle": self.idle,
            "queued": self.queued,
            "durable": self.durable,
            "accept": self.accept,
            "receipts": self.receipts,
        }
        async with asyncio.timeout(LIMIT_S):
            await kinds[self.job.case.kind]()

    async def durable(self) -> None:
        """Whoever keeps no file publishes as it always does."""
        await self.publish()

    async def accept(self) -> None:
        """Time every acceptance."""
        raise NotImplementedError

    async def receipts(self) -> None:
        """Weigh receipts."""
        raise NotImplementedError

    async def receive(self) -> None:
        job, counter = self.job, Counter(self.job, asyncio.Event())
        self.listen(counter.took)
        for group in job.filter_groups:
            await self.subscribe(group)
        self.meter.start()
        if job.fed:
            await self.send(GO, b"")
        else:
            await self.subscribe([job.topic])
        await counter.all()
        self.meter.stop(counter.delivered, self.received_by)

    async def trip(self) -> None:
        trips = Trips(self.job)
        self.listen(trips.took)
        await self.subscribe([TRIP])
        self.meter.start()
        await trips.run(lambda payload: self.send(TRIP, payload))
        self.meter.stop(len(trips.took_s), self.received_by, trips.took_s)

    async def idle(self) -> None:
        await asyncio.sleep(PAUSE_S)
        tell_memory(self.job, 0, "connected, nothing to do")

    async def queued(self) -> None:
        await asyncio.sleep(PAUSE_S)
        before = resident_bytes()
        await self.queue()
        await asyncio.sleep(PAUSE_S)
        tell_memory(self.job, before, self.queued_by)


class BlockingRunner:
    """The same for a client with threads of its own."""

    received_by = ""
    queued_by = ""

    def __init__(self, job: Job, meter: Meter) -> None:
        self.job = job
        self.meter = meter

    def publish(self) -> None:
        raise NotImplementedError

    def listen(self, took: Took) -> None:
        raise NotImplementedError

    def subscribe(self, filters: list[str]) -> None:
        raise NotImplementedError

    def send(self, topic: str, payload: bytes) -> None:
        raise NotImplementedError

    def queue(self) -> None:
        raise NotImplementedError

    def run(self) -> None:
        kinds = {
            "publish": self.publish,
            "receive": self.receive,
            "trip": self.trip,
            "idle": self.idle,
            "queued": self.queued,
            "durable": self.publish,
        }
        kinds[self.job.case.kind]()

    def receive(self) -> None:
        job, counter = self.job, Counter(self.job, threading.Event())
        self.listen(counter.took)
        for group in job.filter_groups:
            self.subscribe(group)
        self.meter.start()
        if job.fed:
            self.send(GO, b"")
        else:
            self.subscribe([job.topic])
        counter.all_blocking()
        self.meter.stop(counter.delivered, self.received_by)

    def trip(self) -> None:
        trips = Trips(self.job)
        self.listen(trips.took)
        self.subscribe([TRIP])
        self.meter.start()
        trips.run_blocking(lambda payload: self.send(TRIP, payload))
        self.meter.stop(len(trips.took_s), self.received_by, trips.took_s)

    def idle(self) -> None:
        time.sleep(PAUSE_S)
        tell_memory(self.job, 0, "connected, nothing to do")

    def queued(self) -> None:
        time.sleep(PAUSE_S)
        before = resident_bytes()
        self.queue()
        time.sleep(PAUSE_S)
        tell_memory(self.job, before, self.queued_by)
