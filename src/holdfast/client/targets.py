"""What the supervisor dials: the broker whose turn it is, and what CONNECT says to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from holdfast.client.brokers import Target
from holdfast.client.setup import Setup
from holdfast.codec import Version
from holdfast.protocol import ConnectRequest
from holdfast.resilience import VersionChoice
from holdfast.resilience.failover import Failover
from holdfast.transport import Address, Link, LinkUser, open_link


class Targets:
    """The brokers of one run; ``failover`` says which of them is next."""

    def __init__(
        self,
        setup: Setup,
        names: Sequence[str],
        versions: dict[str, VersionChoice],
        subscribes: Callable[[], bool],
        rank: int,
    ) -> None:
        """``names`` of the groups (contract 3). ``versions`` by place: each broker has its own (contract 4).

        ``subscribes``: whether anything is subscribed to. ``rank``: the group to begin with.
        """
        self._setup = setup
        self._names = names
        self._versions = versions
        self._subscribes = subscribes
        self.failover: Failover[Address] = Failover(setup.groups, setup.reconnect, rank)

    @property
    def place(self) -> str:
        """Where the broker of this attempt is, for sentences."""
        return self._setup.place_of(self.failover.target)

    @property
    def target(self) -> Target:
        """The same with all there is to say of it."""
        return Target(self.place, str(self.failover.target), self.failover.rank)

    @property
    def versions(self) -> VersionChoice:
        """Which version to speak there."""
        place = self.failover.target.place
        if place not in self._versions:
            self._versions[place] = VersionChoice(self._setup.version)
        return self._versions[place]

    async def dial(self, user: LinkUser) -> Link:
        """A link to it. Raises as ``open_link``."""
        return await self.open(self.failover.target, user)

    async def open(self, address: Address, user: LinkUser) -> Link:
        """A link to this one. Raises as ``open_link``."""
        return await open_link(address, self._setup.tls, user, self._setup.proxy)

    def request(self, version: Version) -> ConnectRequest:
        """What CONNECT asks for; credentials and will are read anew. Raises ConfigurationError."""
        group = self._names[self.failover.rank]
        return self._setup.request(version, self._subscribes(), self.failover.target, group)
