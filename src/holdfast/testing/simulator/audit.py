"""Invariants that need no packet to be judged: after every step, and at the end."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from holdfast.codec import V5
from holdfast.protocol import LinkState, Session
from holdfast.testing.simulator.herald import STATUS
from holdfast.testing.simulator.promises import Promise, PromiseBroken
from holdfast.testing.simulator.sounder import PROBE

if TYPE_CHECKING:
    from holdfast.testing.simulator.process import Process
    from holdfast.testing.simulator.world import World

LATE_S = 0.05
"""How late a timer of the simulated process may be."""


def after_step(world: World) -> None:
    """What holds at every moment."""
    world.disk.check()
    process = world.process
    if process is not None and process.frozen_until <= world.now:
        books(process.session)
        kept(process)
        ledger(world, process)
        keepalive(world, process)


def books(session: Session) -> None:
    """Each row in one place, each identifier in use by exactly one exchange."""
    sender, asked = session._sender, session._subscriptions._asked
    ours = (
        session._announcer._waiting,
        session._watch._filter._asked,
        session._prober._filter._asked,
    )
    unproven = [packet_id for packet_id, _ in sender.unproven if packet_id]
    places: tuple[Collection[int], ...] = (
        *(sender.sent, sender.released, unproven, sender._withheld, sender._late, asked, *ours),
    )
    used: set[int] = set().union(*places)
    if len(used) != sum(map(len, places)) or used != sender._ids.used:
        raise PromiseBroken(Promise.SANE, f"identifiers in use {sender._ids.used}, by place {places}")


def kept(process: Process) -> None:
    """Each row that the outbox gave to the session is in one place there until it ends."""
    sender, wire = process.session._sender, process.session._wire
    if process.session._journal.pending:
        return
    queued = sum(not entry[0] for _, item in wire._queue if isinstance(item, list) for entry in item)
    held = sum(map(len, (sender.pending, sender.sent, sender.released, sender.unproven)))
    held -= len(sender._rowless)
    if held + queued != len(process.mine):
        raise PromiseBroken(
            Promise.NOTHING_LOST, f"{held + queued} rows in the session, it was given {process.mine}"
        )


def ledger(world: World, process: Process) -> None:
    """What is told durable is on the disk, and the books balance (contract 7, 12)."""
    outbox, disk = process.outbox, world.disk
    if outbox.durable != disk.number:
        raise PromiseBroken(Promise.TOLD, f"commit {outbox.durable} is told, {disk.number} has happened")
    if not process.writer.idle():
        return
    here = process.session.group == disk.group
    if here and not process.session._sender._ids.used >= disk.withheld.keys() | disk.unreleased.keys():
        raise PromiseBroken(Promise.IDENTIFIER, f"of {disk.withheld} not all are withheld")
    if outbox.pending - outbox.at_risk != disk.pending():
        raise PromiseBroken(
            Promise.LEDGER, f"{outbox.pending} pending, {outbox.at_risk} in memory, {disk.pending()} on disk"
        )


def keepalive(world: World, process: Process) -> None:
    """Something leaves in time, and silence is noticed in time."""
    tap = process.tap
    if tap is None or not tap.keepalive_s or process.session.link is not LinkState.UP:
        return
    silent_s = world.now - max(tap.sent, process.woke)
    if silent_s > tap.keepalive_s + LATE_S:
        raise PromiseBroken(
            Promise.PING, f"nothing left for {silent_s:.2f} s, keep alive {tap.keepalive_s} s"
        )
    deaf_s = world.now - max(tap.heard, process.woke)
    if not process.paused() and deaf_s > 1.5 * tap.keepalive_s + LATE_S:
        raise PromiseBroken(Promise.HALF_OPEN, f"nothing came for {deaf_s:.2f} s, and the link is held")


def restless(world: World) -> str:
    """What is still to be done; nothing, once everything has come to rest."""
    process = world.process
    if process is None or process.link is None or process.session.link is not LinkState.UP:
        return "no link is up"
    sender, subscriptions = process.session._sender, process.session._subscriptions
    left = {
        "backlog": process.outbox.pending - process.outbox.parked,
        "handlers": process.running,
        "commits": not process.writer.idle(),
        "parked": process.outbox._backlog.unparking is not None,
        "requests of others": world.medium.unanswered(),
        "bytes on their way": not process.link.idle(),
        "pending": sender.pending,
        "sent": sender.sent,
        "released": sender.released,
        "unproven": sender.unproven,
        "requests": any(
            (subscriptions._asked, subscriptions._ask, subscriptions._again, subscriptions._leaving)
        ),
        "of itself": process.session._announcer._waiting or process.session._watch._filter._asked,
        "of the probe": process.session._prober._filter._asked,
        "broker": not world.broker.idle(),
    }
    return ", ".join(f"{name}: {what}" for name, what in left.items() if what)


def at_the_end(world: World) -> None:
    """What holds once everything has come to rest."""
    process = world.process
    fitting = [row for row in world.disk.parked.values() if process is not None and process.keeper.fits(row)]
    if world.disk.pending() > len(world.disk.parked) or fitting:
        raise PromiseBroken(
            Promise.NOTHING_LOST, f"{world.disk.pending()} rows are pending for ever, {fitting} could go"
        )
    _outbound(world)
    _inbound(world)
    _subscribed(world)
    world.herald.at_the_end()


def _outbound(world: World) -> None:
    if world.sites.rolled_back:
        return  # a broker that forgets what it acknowledged is named, not mended (contract 6)
    for seq, ending in world.disk.endings.items():
        if ending == "acknowledged" and not world.arrivals[seq] and seq not in world.excused:
            raise PromiseBroken(Promise.NOTHING_LOST, f"message {seq} was acknowledged and never arrived")


def _inbound(world: World) -> None:
    for payload in world.broker.held_for_us():
        if payload not in world.inbox.handled | world.inbox.swallowed:
            raise PromiseBroken(Promise.NOTHING_LOST_IN, f"{payload[:40]!r} never came to a handler")


def _subscribed(world: World) -> None:
    """A 3.1.1 client has to believe "session present"; no client can know what a rollback brought back."""
    broker = world.broker
    rolled_back, stolen = broker.witness.rolled_back, broker.generation in broker.stolen
    believed = world.scenario.version != V5 and (rolled_back or stolen)
    there = broker.subscriptions()
    missing = set(world.wanted) - there - world.refused
    if missing and not believed:
        raise PromiseBroken(Promise.SUBSCRIBED, f"the broker does not know {missing}, only {there}")
    stale = there - set(world.wanted) - world.abandoned - {STATUS, PROBE}
    if stale and not rolled_back:
        raise PromiseBroken(Promise.SUBSCRIBED, f"the broker still has {stale}, which nobody wants")
