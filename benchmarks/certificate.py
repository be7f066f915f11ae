"""A throw-away certificate for 127.0.0.1, made by the openssl program for one run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """Signed by itself, so it is its own authority."""

    cert: Path
    key: Path


def make(folder: Path) -> Certificate:
    """Raises OSError when there is no openssl, CalledProcessError when it fails."""
    made = Certificate(folder / "server.pem", folder / "server.key")
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", "1", "-subj", "/CN=benchmark", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
        *("-keyout", str(made.key), "-out", str(made.cert)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return made
