"""router.py: who gets a message."""

from __future__ import annotations

from holdfast.messages import NO_PROPERTIES
from holdfast.testing.model import router as module
from holdfast.testing.model.router import Router
from holdfast.testing.model.session import Session, Stored, Subscription


def plain(router: Router, topic: str) -> list[tuple[str, list[str]]]:
    """Client ids and their matching filters."""
    audience = router.audience(topic)
    return [(session.client_id, [s.filter for s in found]) for session, found in audience.sessions]


def turn(router: Router, topic: str) -> list[str]:
    """Who of each group gets the next message."""
    return [group.next()[0].client_id for group in router.audience(topic).groups]


def test_each_session_comes_once_with_all_its_filters_exactest_first() -> None:
    """The order of mosquitto's copies."""
    router, a, b = Router(), Session("a"), Session("b")
    for name in ("t/#", "t/+", "t/x", "u"):
        router.add(a, name, Subscription(name, 0))
    router.add(b, "+/x", Subscription("+/x", 0))
    assert plain(router, "t/x") == [("a", ["t/x", "t/+", "t/#"]), ("b", ["+/x"])]
    assert plain(router, "nobody") == []


def test_adding_again_replaces() -> None:
    """The same filter is one subscription [MQTT-3.8.4-3]; add tells whether it was new."""
    router, a = Router(), Session("a")
    assert router.add(a, "t", Subscription("t", 0))
    assert not router.add(a, "t", Subscription("t", 2))
    assert [s.qos for s in router.audience("t").sessions[0][1]] == [2]


def test_removing_tells_whether_it_was_there() -> None:
    """An audience that was asked for before changes too."""
    router, a = Router(), Session("a")
    router.add(a, "t", Subscription("t", 0))
    assert plain(router, "t") == [("a", ["t"])]
    assert router.remove(a, "t")
    assert not router.remove(a, "t")
    assert plain(router, "t") == []


def test_a_group_takes_turns_and_forgets_who_leaves() -> None:
    """Round robin; a member that subscribes again keeps its place; an empty group is gone."""
    router, members = Router(), [Session(name) for name in "abc"]
    for session in members:
        router.add(session, "$share/g/t", Subscription("t", 1, group="g"))
    assert [turn(router, "t") for _ in range(4)] == [["a"], ["b"], ["c"], ["a"]]
    router.add(members[2], "$share/g/t", Subscription("t", 2, group="g"))
    assert [turn(router, "t") for _ in range(2)] == [["b"], ["c"]]
    router.remove(members[0], "$share/g/t")
    assert [turn(router, "t") for _ in range(2)] == [["b"], ["c"]]
    router.forget(members[1])
    router.forget(members[2])
    assert router.audience("t").groups == []


def test_the_same_filter_in_two_groups_is_two_subscriptions() -> None:
    """Each group gets each message once."""
    router, a = Router(), Session("a")
    for group in ("g", "h"):
        router.add(a, f"$share/{group}/t", Subscription("t", 1, group=group))
    assert turn(router, "t") == ["a", "a"]


def test_turns_survive() -> None:
    """Whose turn it is can be told and set again."""
    router, members = Router(), [Session(name) for name in "abc"]
    for session in members:
        router.add(session, "$share/g/t", Subscription("t", 1, group="g"))
    turn(router, "t")
    turns = router.turns()
    again = Router()
    for session in members:
        again.add(session, "$share/g/t", Subscription("t", 1, group="g"))
    again.take_turns([*turns, ("gone", "t", [])])
    assert turn(again, "t") == ["b"]


def test_retained_messages_are_found_by_filter() -> None:
    """In the order they were retained."""
    retained = {t: Stored(t, b"x", 0, True, NO_PROPERTIES, 0) for t in ("t/2", "t/1", "u")}
    found = Router.matching(Subscription("t/+", 0), retained)
    assert [message.topic for message in found] == ["t/2", "t/1"]


def test_remembered_audiences_are_bounded() -> None:
    """A flood of topics does not fill memory, and changes no answer."""
    router, a = Router(), Session("a")
    router.add(a, "#", Subscription("#", 0))
    for n in range(module.PLANS_KEPT + 5):
        assert plain(router, f"t/{n}") == [("a", ["#"])]
    assert len(router._plans) <= module.PLANS_KEPT
