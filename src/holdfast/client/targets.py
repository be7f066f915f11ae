"""What the supervisor dials: the broker whose turn it is, and what CONNECT says to it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from holdfast.client.brokers import Target
from holdfast.client.setup import Setup
from holdfast.codec import Version
from holdfast.protocol import ConnectRequest
from holdfast.resilience import VersionChoice
from holdfast.resilience.failover import Failover
from holdfast.transport import Address, Link, LinkUser, open_link

log = logging.getLogger("holdfast")

USE_ANOTHER_SERVER = 0x9C
SERVER_MOVED = 0x9D


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
        others = tuple if setup.member is None else setup.member.others
        self.failover: Failover[Address] = Failover(setup.groups, setup.reconnect, rank, others)

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
        address = self.failover.target
        return self._setup.request(version, self._subscribes(), address, *self._session(address))

    def _session(self, address: Address) -> tuple[str, str | None]:
        """Whose session it is there; and of a server that we were sent to, whose if it does not know that."""
        for name, places in zip(self._names, self._setup.places, strict=True):
            if address.place in places:
                return name, None
        return self._names[self.failover.rank], address.place

    def refer(self, code: int, reference: str | None, connected: bool) -> tuple[Target, bool] | None:
        """CONNACK or DISCONNECT (``connected``) named other servers (MQTT 5 §4.11).

        Gives the one to dial, and whether for good; None: we do not follow. User and password go there, too:
        who refers us has them already, and over TLS the server has to prove that it is the one named. A
        broker that has yet to prove itself to an authenticator moves nobody for good. What is no reference
        is said and ignored.
        """
        if code not in (USE_ANOTHER_SERVER, SERVER_MOVED) or not reference:
            return None
        from holdfast.transport.references import parse_references

        here = self.failover.target
        found, wrong = parse_references(reference, here)
        for sentence in wrong:
            log.warning("%s refers us to another server, which is ignored: %s", self.place, sentence)
        told = [one for group in self._setup.groups for one in group if one.scheme == here.scheme]
        known = {address.place: address for address in told}  # with users of their own
        found = [known.get(address.place, address) for address in found]
        for_good = code == SERVER_MOVED and (connected or self._setup.authentication is None)
        if not found or not self.failover.refer(found, for_good):
            return None
        return self.target, for_good
