"""Floor 3: byte streams to a broker."""

from holdfast.transport.address import Address, check_tls, parse_url
from holdfast.transport.dial import check_parts, open_link
from holdfast.transport.port import Link, LinkUser
from holdfast.transport.tls import TLS

__all__ = [
    "TLS",
    "Address",
    "Link",
    "LinkUser",
    "check_parts",
    "check_tls",
    "open_link",
    "parse_url",
]
