"""The table of ``holdfast.handling.silence``, on a clock that is a number."""

from __future__ import annotations

import pytest

from holdfast.handling import silence
from holdfast.handling.silence import AT_ONCE, NAMED, Silence

EVERY = 60.0


class Watch:
    """A watch whose timer fires when it asked for that."""

    def __init__(self, whole: str = "gw/+/hb") -> None:
        self.now = 1000.0
        self.silence = Silence(EVERY, whole, self.now)
        self.looks = 0
        self.at = self.silence.deadline(self.now)

    def heard(self, *topics: str) -> list[tuple[str, str, float]]:
        for topic in topics:
            self.silence.heard(topic, self.now)
        return self.told()

    def told(self) -> list[tuple[str, str, float]]:
        changes, self.silence.changes = self.silence.changes, []
        return [(one.kind, one.source, one.silent_s) for one in changes]

    def later(self, seconds: float, listening: bool = True) -> list[tuple[str, str, float]]:
        """Time passes, the timer fires as often as it is due; gives what is told."""
        end = self.now + seconds
        while self.at <= end:
            self.now = self.at
            self.looks += 1
            self.silence.look(self.now, listening)
            self.at = self.silence.deadline(self.now)
        self.now = end
        return self.told()


def test_a_source_that_speaks_in_time_is_no_news() -> None:
    """Every 59 s for a day: nothing is told, and it is looked at about once in each interval."""
    watch = Watch()
    assert watch.heard("gw/1/hb") == []
    for _ in range(1000):
        assert watch.later(EVERY - 1) == []
        assert watch.heard("gw/1/hb") == []
    assert len(watch.silence) == 0
    assert watch.looks <= 2 * 1000 * (EVERY - 1) / EVERY + 2


def test_silence_is_told_once_and_so_is_the_return() -> None:
    """Exactly when the interval is over, once for as long as it lasts, with the seconds."""
    watch = Watch()
    watch.heard("gw/1/hb")
    assert watch.later(EVERY - 0.01) == []
    assert watch.later(0.01) == [("silent", "gw/1/hb", EVERY)]
    assert list(watch.silence.named) == ["gw/1/hb"]
    assert watch.later(10 * EVERY) == []
    assert watch.heard("gw/1/hb") == [("back", "gw/1/hb", 11 * EVERY)]
    assert list(watch.silence.named) == []
    assert watch.later(EVERY) == [("silent", "gw/1/hb", EVERY)]


def test_each_topic_is_a_source_of_its_own() -> None:
    """One goes silent while the other speaks on."""
    watch = Watch()
    watch.heard("gw/1/hb", "gw/2/hb")
    told = watch.later(EVERY / 2)
    watch.heard("gw/2/hb")
    told += watch.later(EVERY / 2)
    assert told == [("silent", "gw/1/hb", EVERY)]
    assert watch.later(EVERY / 2) == [("silent", "gw/2/hb", EVERY)]
    assert len(watch.silence) == 2


def test_the_handler_is_the_source_until_a_message_comes() -> None:
    """Under the name of its filters; the first message ends that, and its topic is watched from there."""
    watch = Watch("gw/+/hb, box/+/hb")
    assert watch.later(EVERY) == [("silent", "gw/+/hb, box/+/hb", EVERY)]
    assert watch.heard("gw/1/hb") == [("back", "gw/+/hb, box/+/hb", EVERY)]
    assert watch.later(EVERY) == [("silent", "gw/1/hb", EVERY)]
    assert Watch().heard("gw/1/hb") == []


def test_a_filter_that_is_a_topic_is_that_source() -> None:
    """No second one for the handler: silent, back, silent."""
    watch = Watch("vitals")
    assert watch.later(EVERY) == [("silent", "vitals", EVERY)]
    assert watch.heard("vitals") == [("back", "vitals", EVERY)]
    assert watch.later(2 * EVERY) == [("silent", "vitals", EVERY)]


def test_while_nobody_listens_nobody_is_silent() -> None:
    """An hour without a link; from its return every source has its whole interval again."""
    watch = Watch()
    watch.heard("gw/1/hb")
    assert watch.later(60 * EVERY, listening=False) == []
    watch.silence.anew(watch.now)
    watch.silence.anew(watch.now - 1)  # older news change nothing
    assert watch.later(EVERY - 1) == []
    assert watch.later(1) == [("silent", "gw/1/hb", EVERY)]


def test_a_link_that_was_lost_between_two_looks_counts_anew() -> None:
    """Down and up again within one interval: the source is given a whole one from there."""
    watch = Watch()
    watch.heard("gw/1/hb")
    watch.later(EVERY / 2)
    watch.silence.anew(watch.now)
    assert watch.later(EVERY - 1) == []
    assert watch.later(1) == [("silent", "gw/1/hb", EVERY)]


def test_what_was_silent_before_an_outage_still_is() -> None:
    """It is not told again, and its return is."""
    watch = Watch()
    watch.heard("gw/1/hb")
    watch.later(EVERY)
    assert watch.later(5 * EVERY, listening=False) == []
    watch.silence.anew(watch.now)
    assert watch.later(5 * EVERY) == []
    assert watch.heard("gw/1/hb") == [("back", "gw/1/hb", 11 * EVERY)]


def test_a_look_that_comes_late_proves_nothing() -> None:
    """The machine slept for a night: no source is to blame, and each has its interval from there."""
    watch = Watch()
    watch.heard("gw/1/hb")
    watch.now += 8 * 3600
    watch.silence.look(watch.now, True)
    watch.at = watch.silence.deadline(watch.now)
    assert watch.told() == []
    assert watch.later(EVERY) == [("silent", "gw/1/hb", EVERY)]


def test_sources_are_bounded_the_longest_silent_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of topics: told once; the silent go before those that speak, the oldest before the newer."""
    monkeypatch.setattr(silence, "MOST", 3)
    watch = Watch()
    watch.heard("quiet", "b")
    watch.later(EVERY - 1)
    watch.heard("b", "c")
    watch.later(1)
    assert watch.silence.named == ("quiet",)
    assert watch.heard("d") == [("crowded", "quiet", 0.0)]
    assert watch.heard("b") == []
    assert watch.heard("e") == []
    assert sorted(watch.silence._heard) == ["b", "d", "e"]
    assert watch.later(EVERY) == [("silent", name, EVERY) for name in ("b", "d", "e")]


def test_a_flood_of_topics_stays_in_bounds() -> None:
    """A million would be the same: 30,000 topics leave 10,000 sources, and as many places in the heap."""
    watch = Watch()
    for number in range(30_000):
        watch.now += 0.0001
        watch.silence.heard(f"t/{number}", watch.now)
    assert len(watch.silence._heard) == silence.MOST
    assert len(watch.silence._due) <= silence.MOST + 1
    assert "t/29999" in watch.silence._heard


def test_a_look_tells_some_and_is_due_again_at_once() -> None:
    """Three hundred go silent in one moment: the loop has its turns between the hundreds."""
    watch = Watch()
    watch.heard(*(f"t/{number}" for number in range(300)))
    watch.now += EVERY
    counts = []
    for _ in range(4):
        watch.silence.look(watch.now, True)
        counts.append(len(watch.told()))
        assert watch.silence.deadline(watch.now) >= watch.now
    assert counts == [AT_ONCE - 1, AT_ONCE, AT_ONCE, 1]  # the handler itself had been due as well
    assert len(watch.silence) == 300
    assert len(watch.silence.named) == NAMED
