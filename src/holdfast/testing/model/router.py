"""Who gets a message: subscriptions of all sessions, shared ones in turn (MQTT 5 §4.7, §4.8)."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast import topics
from holdfast.testing.model.session import Session, Stored, Subscription

PLANS_KEPT = 10_000
"""Topics whose audience is remembered until a subscription changes."""

Member = tuple[Session, Subscription]


class Group:
    """One shared subscription; each message goes to the member whose turn it is."""

    def __init__(self) -> None:
        self.members: list[Member] = []

    def next(self) -> Member:
        """Round robin, connected or not: a kept session keeps its turn."""
        member = self.members.pop(0)
        self.members.append(member)
        return member


class Audience:
    """Who matches one topic: each session with all its subscriptions, and one member of each group."""

    __slots__ = ("groups", "sessions")

    def __init__(self) -> None:
        self.sessions: list[tuple[Session, list[Subscription]]] = []
        self.groups: list[Group] = []


class Router:
    """All subscriptions."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._groups: dict[tuple[str, str], Group] = {}
        self._plans: dict[str, Audience] = {}

    def add(self, session: Session, name: str, subscription: Subscription) -> bool:
        """Add or replace [MQTT-3.8.4-3]; gives whether it is new. ``name``: with its share prefix."""
        is_new = name not in session.subscriptions
        if subscription.group is not None:
            self._join(session, subscription.group, subscription)
        session.subscriptions[name] = subscription
        self._sessions[session.client_id] = session
        self._plans.clear()
        return is_new

    def _join(self, session: Session, group: str, subscription: Subscription) -> None:
        members = self._groups.setdefault((group, subscription.filter), Group()).members
        for index, (other, _) in enumerate(members):
            if other is session:
                members[index] = (session, subscription)
                return
        members.append((session, subscription))

    def remove(self, session: Session, name: str) -> bool:
        """Remove one; gives whether it was there."""
        subscription = session.subscriptions.pop(name, None)
        if subscription is None:
            return False
        if subscription.group is not None:
            key = (subscription.group, subscription.filter)
            group = self._groups[key]
            group.members = [member for member in group.members if member[0] is not session]
            if not group.members:
                del self._groups[key]
        self._plans.clear()
        return True

    def forget(self, session: Session) -> None:
        """The session has ended."""
        for name in list(session.subscriptions):
            self.remove(session, name)
        self._sessions.pop(session.client_id, None)

    def turns(self) -> list[tuple[str, str, list[str]]]:
        """Whose turn it is in each group: the order of its members' client ids."""
        return [
            (group, filter, [session.client_id for session, _ in members.members])
            for (group, filter), members in self._groups.items()
        ]

    def take_turns(self, turns: list[tuple[str, str, list[str]]]) -> None:
        """Set the order that ``turns`` gave."""
        for name, filter, client_ids in turns:
            group = self._groups.get((name, filter))
            if group is not None:
                group.members.sort(key=lambda member: client_ids.index(member[0].client_id))

    def audience(self, topic: str) -> Audience:
        """Who gets a message on this topic."""
        plan = self._plans.get(topic)
        if plan is None:
            if len(self._plans) >= PLANS_KEPT:
                self._plans.clear()
            plan = self._plans[topic] = self._plan(topic)
        return plan

    @staticmethod
    def matching(subscription: Subscription, retained: Mapping[str, Stored]) -> list[Stored]:
        """The retained messages a subscription matches, in the order they were retained."""
        return [message for topic, message in retained.items() if topics.matches(subscription.filter, topic)]

    def _plan(self, topic: str) -> Audience:
        plan = Audience()
        for session in self._sessions.values():
            matching = [
                subscription
                for subscription in session.subscriptions.values()
                if subscription.group is None and topics.matches(subscription.filter, topic)
            ]
            matching.sort(key=_exactness)
            if matching:
                plan.sessions.append((session, matching))
        plan.groups = [group for (_, filter), group in self._groups.items() if topics.matches(filter, topic)]
        return plan


def _exactness(subscription: Subscription) -> list[int]:
    """Copies of one message go out by the exactest filter first: any order will do, this is mosquitto's."""
    return ["+#".find(level) for level in subscription.filter.split("/")]
