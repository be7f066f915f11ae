"""Invariants that need no packet to be judged: after every step, and at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.protocol import LinkState, Session
from holdfast.testing.simulator.promises import Promise, PromiseBroken

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
        keepalive(world, process)


def books(session: Session) -> None:
    """Each row in one place, each identifier in use by exactly one exchange."""
    sender, asked = session._sender, session._subscriptions._asked
    unproven = [packet_id for packet_id, _ in sender.unproven if packet_id]
    places = (sender.sent, sender.released, unproven, sender._withheld, asked)
    used: set[int] = set().union(*places)
    if len(used) != sum(map(len, places)) or used != sender._ids.used:
        raise PromiseBroken(Promise.SANE, f"identifiers in use {sender._ids.used}, by place {places}")


def keepalive(world: World, process: Process) -> None:
    """Something leaves in time, and silence is noticed in time."""
    tap = process.tap
    if tap is None or not tap.keepalive_s or process.session.link is not LinkState.UP:
        return
    silent_s = world.now - max(tap.sent, process.woke)
    if silent_s > tap.keepalive_s + LATE_S:
        raise PromiseBroken(Promise.PING, f"nothing left for {silent_s:.2f} s, keep alive {tap.keepalive_s} s")
    deaf_s = world.now - max(tap.heard, process.woke)
    if deaf_s > 1.5 * tap.keepalive_s + LATE_S:
        raise PromiseBroken(Promise.HALF_OPEN, f"nothing came for {deaf_s:.2f} s, and the link is held")


def quiet(world: World) -> bool:
    """Whether nothing is left to be done."""
    process = world.process
    return (
        process is not None
        and process.session.link is LinkState.UP
        and not process.backlog
        and not process.running
        and process.writer.idle()
        and process.link is not None
        and process.link.idle()
        and _sent_all(process.session)
        and world.broker.idle()
    )


def _sent_all(session: Session) -> bool:
    sender, subscriptions = session._sender, session._subscriptions
    return not (
        sender.pending
        or sender.sent
        or sender.released
        or sender.unproven
        or subscriptions._asked
        or subscriptions._ask
        or subscriptions._leaving
    )


def at_the_end(world: World) -> None:
    """What holds once everything has come to rest."""
    if world.disk.pending():
        raise PromiseBroken(Promise.NOTHING_LOST, f"{world.disk.pending()} rows are pending for ever")
    _outbound(world)
    _inbound(world)
    _subscribed(world)


def _outbound(world: World) -> None:
    for seq, ending in world.disk.endings.items():
        if ending == "acknowledged" and not world.broker.arrivals[seq] and seq not in world.excused:
            raise PromiseBroken(Promise.NOTHING_LOST, f"message {seq} was acknowledged and never arrived")


def _inbound(world: World) -> None:
    for payload in world.broker.held_for_us():
        if payload not in world.inbox.handled:
            raise PromiseBroken(Promise.NOTHING_LOST_IN, f"{payload[:40]!r} never came to a handler")


def _subscribed(world: World) -> None:
    there = world.broker.subscriptions()
    missing = set(world.wanted) - there - world.refused
    if missing:
        raise PromiseBroken(Promise.SUBSCRIBED, f"the broker does not know {missing}, only {there}")
    stale = there - set(world.wanted) - world.abandoned
    if stale:
        raise PromiseBroken(Promise.SUBSCRIBED, f"the broker still has {stale}, which nobody wants")
