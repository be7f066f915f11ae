"""TLS as options, read from disk again at every attempt."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike

from holdfast.errors import ConfigurationError

StrPath = str | PathLike[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class TLS:
    """How to speak TLS with the broker; the default is the system's CAs and a checked hostname.

    ``ca_file``: PEM file of the CAs to trust instead of the system's. ``cert_file`` and
    ``key_file``: our own certificate, for brokers that ask for one. ``server_name``: the name
    the certificate must carry, where it differs from the URL's host (SNI, RFC 6066).
    ``alpn``: protocols to offer (RFC 7301). The files are read at every connection attempt,
    so a rotated certificate needs no restart.
    """

    ca_file: StrPath | None = None
    cert_file: StrPath | None = None
    key_file: StrPath | None = None
    key_password: str | None = field(default=None, repr=False)
    server_name: str | None = None
    alpn: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.key_file and not self.cert_file:
            raise ConfigurationError("TLS: key_file without cert_file", hint="name the certificate too")

    def context(self) -> ssl.SSLContext:
        """The context for one attempt. Raises ConfigurationError when a file cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"TLS: CA file {self.ca_file}: {_plain(error)}") from error
        if self.cert_file:
            self._load_certificate(context, self.cert_file)
        if self.alpn:
            context.set_alpn_protocols(list(self.alpn))
        return context

    def _load_certificate(self, context: ssl.SSLContext, cert_file: StrPath) -> None:
        # A callback, so that an encrypted key never asks on the terminal.
        try:
            context.load_cert_chain(cert_file, self.key_file, lambda: self.key_password or "")
        except (OSError, ssl.SSLError, ValueError) as error:
            raise ConfigurationError(
                f"TLS: certificate {cert_file} with key {self.key_file or cert_file}: {_plain(error)}",
                hint="both must be readable PEM files that belong together",
            ) from error


def _plain(error: Exception) -> str:
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
