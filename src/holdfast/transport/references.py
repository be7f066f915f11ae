"""Server references (MQTT 5 §4.11): where a broker sends its clients, as addresses like its own.

    host[:port] host[:port] ...        an IPv6 host in brackets; without a port the usual one of the scheme

A reference names servers and nothing else: scheme, so TLS or not, and the resource of a WebSocket stay those
of the address that was dialled, as do user and password. So it can send us to another name, which TLS checks
against the certificate found there, and never to a weaker transport.
"""

from __future__ import annotations

from holdfast.errors import ConfigurationError
from holdfast.transport.address import DEFAULT_PORTS, Address
from holdfast.transport.urls import host_and_port

MOST = 8
"""Servers in one reference; what stands behind them is ignored."""

_NOT_IN_A_PLACE = frozenset("/@?#%\\")


def parse_references(text: str, address: Address) -> tuple[list[Address], list[str]]:
    """The addresses that ``address`` refers to, and a sentence for each entry that is none."""
    found: list[Address] = []
    wrong: list[str] = []
    entries = text.split()
    for entry in entries[:MOST]:
        try:
            found.append(_parse(entry, address))
        except ConfigurationError as error:
            wrong.append(str(error))
    if len(entries) > MOST or not entries:
        wrong.append(f"a reference to {len(entries)} servers; {MOST} are looked at")
    return found, wrong


def _parse(entry: str, address: Address) -> Address:
    shown = repr(entry[:100])
    if address.unix:
        raise ConfigurationError(f"{shown}, from a broker on a Unix socket")
    if not entry.isprintable() or not _NOT_IN_A_PLACE.isdisjoint(entry):
        raise ConfigurationError(f"{shown} is no host[:port]")
    scheme = address.scheme
    host, port = host_and_port(f"{scheme}://{entry}", scheme, entry, DEFAULT_PORTS[scheme])
    return Address(scheme, host, port, address.username, address.password, address.path)
