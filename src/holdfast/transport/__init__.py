"""Floor 3: byte streams to a broker."""

from holdfast.transport.address import Address, parse_url
from holdfast.transport.port import Link, LinkUser
from holdfast.transport.tcp import open_link
from holdfast.transport.tls import TLS

__all__ = ["TLS", "Address", "Link", "LinkUser", "open_link", "parse_url"]
