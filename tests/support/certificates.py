"""Certificates for TLS tests, made by the openssl program while the tests run: nothing secret is kept.

made = certificates.make(tmp_path)        # about 0.2 s: make it once per session
context = made.server.context()           # for a server on localhost and 127.0.0.1
TLS(ca_file=made.ca.file)                 # for our side
"""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

LOCAL = "DNS:localhost,IP:127.0.0.1,IP:::1"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, PEM files both."""

    cert: Path
    key: Path

    def context(self, clients: Path | None = None) -> ssl.SSLContext:
        """For a server; ``clients``: the CA file whose certificates it demands."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        return context

    def encrypted(self, password: str) -> Path:
        """The key once more, behind a password."""
        path = self.key.with_suffix(".encrypted.key")
        _openssl("pkey", "-in", self.key, "-aes256", "-passout", f"pass:{password}", "-out", path)
        return path


class Authority:
    """A certificate authority in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._extensions = folder / "extensions"
        self.file = folder / "ca.pem"
        self._key = folder / "ca.key"
        _openssl(
            *("req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "30", "-subj", f"/CN=test CA {folder.name}"),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
            *("-keyout", self._key, "-out", self.file),
        )

    def issue(
        self, name: str, hosts: str = LOCAL, *, days: int = 30, client: bool = False, later: bool = False
    ) -> Pair:
        """A certificate for these hosts, or for a client; negative ``days``: it has expired.

        ``later``: it will be valid when nobody who reads this is here any more.
        """
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request = self._folder / f"{name}.csr"
        _openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", pair.key, "-out", request),
        )
        use = "clientAuth" if client else f"serverAuth\nsubjectAltName={hosts}"
        self._extensions.write_text(
            f"authorityKeyIdentifier=keyid\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage={use}\n"
        )
        if later:
            self._issue_later(request, pair.cert)
            return pair
        _openssl(
            *("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial"),
            *("-days", str(days), "-extfile", self._extensions, "-out", pair.cert),
        )
        return pair

    def _issue_later(self, request: Path, cert: Path) -> None:
        """``openssl x509`` can only begin now; ``openssl ca`` wants a book of what it has issued."""
        book, config = self._folder / "book", self._folder / "ca.conf"
        book.touch()
        config.write_text(
            f"[ca]\ndefault_ca = here\n[here]\ndatabase = {book}\nnew_certs_dir = {self._folder}\n"
            "rand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n"
        )
        _openssl(
            *("ca", "-batch", "-notext", "-config", config, "-cert", self.file, "-keyfile", self._key),
            *("-startdate", "20900101000000Z", "-enddate", "20910101000000Z"),
            *("-extfile", self._extensions, "-in", request, "-out", cert),
        )


@dataclass(frozen=True)
class Certificates:
    """What a TLS test needs; all but ``stranger`` come from ``ca``."""

    ca: Authority
    other_ca: Authority
    server: Pair
    wrong_host: Pair
    expired: Pair
    not_yet: Pair
    client: Pair
    stranger: Pair
    """A client certificate of the other CA."""


def make(folder: Path) -> Certificates:
    """One of each, in this folder."""
    ca, other = Authority(folder / "ours"), Authority(folder / "other")
    return Certificates(
        ca=ca,
        other_ca=other,
        server=ca.issue("server"),
        wrong_host=ca.issue("wrong", "DNS:broker.example"),
        expired=ca.issue("expired", days=-1),
        not_yet=ca.issue("not-yet", later=True),
        client=ca.issue("gateway-7", client=True),
        stranger=other.issue("stranger", client=True),
    )


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
