"""A message that ends the link, and its trial: what is sent meanwhile, and how it ends (contract 10)."""

from __future__ import annotations

import pytest

from holdfast.codec import (
    V5,
    V311,
    Disconnect,
    Packet,
    Pingresp,
    Puback,
    Pubcomp,
    Pubrec,
    Version,
)
from holdfast.messages import Outgoing
from holdfast.protocol import Anomaly, Closed, Failed, LinkState, Restored
from holdfast.protocol.suspicion import FIRST_S, LIVES_S, PATIENCE, STRIKES
from tests.support.driven import Driven, names, row, sent
from tests.unit.protocol.killing import Killed

BOTH = pytest.mark.parametrize("version", [V311, V5])
TIMES = PATIENCE + STRIKES


def up(version: Version, session_expiry_s: int = 3600) -> Driven:
    driven = Driven(version, session_expiry_s=session_expiry_s)
    driven.up()
    return driven


def failed(driven: Driven) -> list[tuple[int, int, int]]:
    """Sequence number, how often it ended the link, and the identifier that is withheld."""
    return [(one.row.seq, one.kills, one.withheld) for one in driven.told(Failed)]


def on_trial(*rows: Outgoing, version: Version = V5) -> Driven:
    """Two links have ended behind the first of these; the next one is up."""
    driven = up(version)
    driven.publish(*rows)
    for _ in range(PATIENCE):
        driven.lost()
        driven.up(True)
    return driven


def control(driven: Driven) -> list[Packet]:
    """The control passes; gives what leaves then."""
    assert names(driven.later(FIRST_S)) == ["PINGREQ"]
    return driven.feed(Pingresp())


# -- given up ---------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("qos", [1, 2])
def test_a_killer_fails_and_all_others_arrive(version: Version, qos: int) -> None:
    """In their order, wherever it stands; its identifier is withheld until the session ends."""
    for killer in (1, 2, 5):
        driven = up(version)
        broker = Killed(driven, killer)
        broker.serve(driven.publish(*(row(seq, qos) for seq in range(1, 6))))  # type: ignore[arg-type]
        first_arrivals = list(dict.fromkeys(broker.arrived))
        assert first_arrivals == [str(seq).encode() for seq in range(1, 6) if seq != killer]
        assert [seq for seq, _, _ in failed(driven)] == [killer]
        (packet_id,) = [withheld for _, _, withheld in failed(driven)]
        assert packet_id == killer
        assert sent(driven.publish(row(9)))[0].packet_id not in (0, packet_id)


def test_the_record_says_how_often() -> None:
    """Two ends of the link made it suspect, three more were its own."""
    driven = up(V5)
    Killed(driven, 1).serve(driven.publish(row(1)))
    (one,) = driven.told(Failed)
    assert (one.kills, one.reason, one.unsent) == (TIMES, 0x80, False)
    assert one.detail == ("the link ended 5 times when it had been sent, 3 times when nothing else was")


def test_the_record_has_the_brokers_reason() -> None:
    """0x95, packet too large: the broker did not say so before."""
    driven = up(V5)
    Killed(driven, 1, reason=0x95).serve(driven.publish(row(1)))
    assert [one.reason for one in driven.told(Failed)] == [0x95]


@BOTH
def test_a_killer_is_found_in_a_clean_session(version: Version) -> None:
    """Each connection begins a new one, in which it has no identifier yet: none is withheld."""
    driven = up(version, session_expiry_s=0)
    broker = Killed(driven, 2, present=False)
    broker.serve(driven.publish(row(1), row(2), row(3)))
    assert set(broker.arrived) == {b"1", b"3"}
    assert failed(driven) == [(2, 1 + STRIKES, 0)]  # those before were held against the first


def test_several_killers_in_a_row() -> None:
    """The second is suspected as soon as it has ended one link, for it went alone."""
    driven = up(V5)
    broker = Killed(driven, 1, 2, 3)
    broker.serve(driven.publish(*(row(seq) for seq in range(1, 6))))
    assert broker.arrived == [b"4", b"5"]
    assert failed(driven) == [(1, TIMES, 1), (2, 1 + STRIKES, 2), (3, 1 + STRIKES, 3)]
    assert broker.deaths == TIMES + 2 * (1 + STRIKES)


def test_too_many_of_them_end_the_session() -> None:
    """Identifiers withheld before count (contract 10); the next one is one too many."""
    driven = Driven(V5, restored=Restored(1, [(500, row(1))], withheld=range(1, 101)))
    driven.up(True)
    broker = Killed(driven, 1)
    driven.lost()
    left = driven.up(True)
    while driven.session.link is LinkState.UP:
        left = broker.step(left)
    assert left == [Disconnect(0, {"session_expiry_interval": 0})]
    assert [(one.by_us, one.reason) for one in driven.told(Closed)] == [(True, 0)]


def test_what_follows_waits_until_it_is_written_down() -> None:
    """After a kill of this process it would come back behind messages that it was before (contract 8)."""
    for expiry_s in (3600, 0):
        driven = up(V5, expiry_s)
        broker = Killed(driven, 1, present=expiry_s > 0)
        left = driven.publish(row(1), row(2))
        while broker.deaths < TIMES:
            left = broker.step(left)
        driven.durable = False
        while not driven.told(Failed):
            left = broker.step(left)
        assert sent(left) == []
        assert [one.payload for one in sent(driven.commit())] == [b"2"]


# -- on trial ---------------------------------------------------------------------------------------


def test_a_trial_is_told_and_takes_nothing_new() -> None:
    """Rows wait in the outbox, or here where they were handed over all the same."""
    driven = on_trial(row(1), row(2))
    assert [one.kind for one in driven.told(Anomaly)] == [
        "the link ended again and again behind the same message: it is sent alone now"
    ]
    assert not driven.session.ready
    assert driven.session.room() == 0
    assert driven.publish(row(3)) == []
    assert [one.payload for one in sent(control(driven))] == [b"1"]
    assert not driven.session.ready
    assert [one.payload for one in sent(driven.feed(Puback(1)))] == [b"2", b"3"]
    assert driven.session.ready


def test_answers_one_by_one_open_the_window() -> None:
    """What stood behind an innocent message is sent at its old pace soon, however the answers come."""
    driven = on_trial(*(row(seq) for seq in range(1, 41)))
    left = [one.packet_id for one in sent(control(driven))]
    answered = 0
    while driven.session.suspects and left:
        left += [one.packet_id for one in sent(driven.feed(Puback(left.pop(0))))]
        answered += 1
        assert len(left) == min(answered + 1, 40 - answered)
    assert answered == 40


def test_the_trial_is_in_the_deadline() -> None:
    """Of keepalive and trial the earlier; without keepalive the trial alone."""
    for keepalive_s in (60, 0):
        driven = Driven(V5, keepalive_s=keepalive_s)
        driven.up()
        driven.publish(row(1))
        for _ in range(PATIENCE):
            driven.lost()
            driven.up(True)
        assert driven.session.deadline() == FIRST_S
        control(driven)
        assert driven.session.deadline() == FIRST_S + LIVES_S
        driven.now += LIVES_S
        driven.session.tick(driven.now)
        assert driven.session.ready


def test_a_link_that_lives_on_lets_the_others_go() -> None:
    """An answer that does not come is no end of the link."""
    driven = on_trial(row(1), row(2))
    control(driven)
    assert [one.payload for one in sent(driven.later(LIVES_S))] == [b"2"]
    driven.feed(Puback(2), Puback(1))
    assert driven.told(Failed) == []


def test_released_messages_go_on_before_it() -> None:
    """PUBREL at once: the broker has those, so they end no link. The suspect waits for their PUBCOMP."""
    driven = up(V5)
    driven.publish(row(1, 2), row(2))
    driven.feed(Pubrec(1))
    driven.lost()
    driven.up(True)
    driven.lost()
    assert names(driven.up(True)) == ["PUBREL 1"]
    assert control(driven) == []
    assert names(driven.feed(Pubcomp(1))) == ["PUBLISH 2"]


def test_qos_0_in_front_leaves_in_the_control() -> None:
    """Its place is there; what it does to the link is not blamed on the message behind it."""
    driven = up(V5)
    driven.publish(row(3))
    driven.lost()
    driven.up(True)
    driven.durable = False
    driven.session.publish([row(1, 0)], driven.now)
    driven.lost()
    driven.durable = True
    assert driven.up(True) == []
    assert [one.payload for one in sent(control(driven))] == [b"3", b"1"]


def test_one_that_ended_by_itself_is_not_given_up() -> None:
    """The broker answers it after all, in the last control."""
    driven = up(V5)
    broker = Killed(driven, 1)
    left = driven.publish(row(1), row(2))
    while broker.deaths < TIMES:
        left = broker.step(left)
    broker.serve(driven.feed(Puback(1)))
    assert driven.told(Failed) == []
    assert driven.endings() == [([1], "acknowledged"), ([2], "acknowledged")]
