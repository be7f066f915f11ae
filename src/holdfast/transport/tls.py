"""TLS as options, read from disk again at every attempt."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from os import PathLike

from holdfast.errors import ConfigurationError
from holdfast.values import Frozen

StrPath = str | PathLike[str]


class TLS(Frozen):
    """How to speak TLS with the broker; the default is the system's CAs and a checked hostname.

    ``ca_file``: PEM file of the CAs to trust instead of the system's. ``cert_file`` and
    ``key_file``: our own certificate, for brokers that ask for one. ``server_name``: the name
    the certificate must carry, where it differs from the URL's host (SNI, RFC 6066).
    ``alpn``: protocols to offer (RFC 7301). The files are read at every connection attempt,
    so a rotated certificate needs no restart. Raises ConfigurationError for a contradiction.
    """

    __match_args__ = ("ca_file", "cert_file", "key_file", "key_password", "server_name", "alpn")
    __slots__ = __match_args__

    def __init__(
        self,
        *,
        ca_file: StrPath | None = None,
        cert_file: StrPath | None = None,
        key_file: StrPath | None = None,
        key_password: str | None = None,
        server_name: str | None = None,
        alpn: Sequence[str] = (),
    ) -> None:
        self.ca_file = ca_file
        self.cert_file = cert_file
        self.key_file = key_file
        self.key_password = key_password
        self.server_name = server_name
        self.alpn = alpn
        if self.cert_file is None and (self.key_file is not None or self.key_password is not None):
            raise ConfigurationError("TLS: a key without cert_file", hint="name the certificate too")
        if isinstance(self.alpn, str):
            raise ConfigurationError(f"TLS: alpn is a list of names, not {self.alpn!r}", hint='alpn=["mqtt"]')
        for name in self.alpn:
            if not (name.isascii() and 1 <= len(name) <= 255):
                raise ConfigurationError(f"TLS: alpn {name!r} is not 1 to 255 ASCII characters")

    def context(self) -> ssl.SSLContext:
        """The context for one attempt. Raises ConfigurationError when a file cannot be used."""
        context = _trusting(self.ca_file)
        if self.cert_file is not None:
            self._load_certificate(context, self.cert_file)
        if self.alpn:
            context.set_alpn_protocols(list(self.alpn))
        return context

    def _load_certificate(self, context: ssl.SSLContext, cert_file: StrPath) -> None:
        key_file = self.key_file if self.key_file is not None else cert_file
        certificate, key = _read(cert_file, "certificate"), _read(key_file, "key")
        try:
            # A callback, so that an encrypted key never asks on the terminal.
            context.load_cert_chain(cert_file, key_file, lambda: self.key_password or "")
        except (ssl.SSLError, ValueError) as error:
            raise _verdict(cert_file, certificate, key_file, key, self.key_password, error) from error


def _verdict(
    cert_file: StrPath,
    certificate: bytes,
    key_file: StrPath,
    key: bytes,
    password: str | None,
    error: Exception,
) -> ConfigurationError:
    """OpenSSL says "PEM lib" to nearly everything; the files themselves tell more."""
    if b"CERTIFICATE-----" not in certificate:
        return _unusable(f"{cert_file} holds no certificate in PEM form", "is it DER, or another file?")
    if b"PRIVATE KEY-----" not in key:
        return _unusable(f"{key_file} holds no private key in PEM form", "name the key in key_file=")
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        fact = f"the certificate {cert_file} and the key {key_file} do not belong together"
        return _unusable(fact, "name the key that this certificate was made for")
    if b"ENCRYPTED" not in key:
        fact = f"certificate {cert_file} with key {key_file}: {error.args[-1]}"
        return _unusable(fact, "is one of the files damaged?")
    if password is None:
        return _unusable(f"the key {key_file} is encrypted", "give key_password=")
    return _unusable(f"key_password does not open the key {key_file}", "is it the password of this key?")


def _trusting(ca_file: StrPath | None) -> ssl.SSLContext:
    context = _verifying(ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996, whatever the system's OpenSSL allows
    return context


def _verifying(ca_file: StrPath | None) -> ssl.SSLContext:
    if ca_file is None:
        return ssl.create_default_context()
    _read(ca_file, "CA file")
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise _unusable(
            f"CA file {ca_file} holds no certificate in PEM form", "is it DER, or a key?"
        ) from error


def _read(path: StrPath, what: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        fact = f"{what} {str(path)!r} cannot be read: {error.strerror}"
        raise _unusable(fact, "is the path right, and may this user read it?") from error


def _unusable(fact: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"TLS: {fact}", hint=hint)
