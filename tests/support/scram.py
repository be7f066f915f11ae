"""SCRAM-SHA-256 (RFC 7677) by the standard library, both ends: what an application would write."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode

from holdfast import Authenticator
from tests.support.leaks import SECRET

USER = "plant"
ROUNDS = 64  # a real server takes 4,096 and more
SALT = b"of the user"


class WrongProof(Exception):
    """The other side does not know the password."""


def _fields(data: bytes) -> dict[str, str]:
    return dict(part.split("=", 1) for part in data.decode().split(",") if "=" in part)


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


class _Keys:
    """What both derive from the password (RFC 5802 §3)."""

    def __init__(self, password: str, salt: bytes, rounds: int) -> None:
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
        self.client = _hmac(salted, b"Client Key")
        self.stored = hashlib.sha256(self.client).digest()
        self.server = _hmac(salted, b"Server Key")

    def proof(self, transcript: bytes) -> bytes:
        signature = _hmac(self.stored, transcript)
        return bytes(one ^ other for one, other in zip(self.client, signature, strict=True))


class Scram(Authenticator):
    """The client's end: fresh nonces in every exchange, and the server's signature is checked."""

    method = "SCRAM-SHA-256"

    def __init__(self, user: str = USER, password: str = SECRET) -> None:
        self._user = user
        self._password = password
        self._nonce = b64encode(os.urandom(18)).decode()
        self._first = f"n={user},r={self._nonce}"
        self._signature = b""

    def start(self) -> bytes:
        return f"n,,{self._first}".encode()

    def challenge(self, data: bytes) -> bytes:
        said = _fields(data)
        if not said["r"].startswith(self._nonce):
            raise WrongProof(f"not an answer to {self._nonce}")
        keys = _Keys(self._password, b64decode(said["s"]), int(said["i"]))
        final = f"c=biws,r={said['r']}"
        transcript = f"{self._first},{data.decode()},{final}".encode()
        self._signature = _hmac(keys.server, transcript)
        return f"{final},p={b64encode(keys.proof(transcript)).decode()}".encode()

    def finish(self, data: bytes) -> None:
        if not self._signature or not hmac.compare_digest(
            b64decode(_fields(data).get("v", "")), self._signature
        ):
            raise WrongProof(f"no server that knows {self._password}")


class ScramServer:
    """The broker's end: an ``Examiner``."""

    method = "SCRAM-SHA-256"

    def __init__(self, user: str = USER, password: str = SECRET) -> None:
        self._user = user
        self._keys = _Keys(password, SALT, ROUNDS)
        self._first = self._challenge = ""

    def step(self, data: bytes) -> tuple[int, bytes | None]:
        said = _fields(data)
        if not self._challenge:
            self._first = data.decode().removeprefix("n,,")
            nonce = said.get("r", "") + b64encode(os.urandom(18)).decode()
            self._challenge = f"r={nonce},s={b64encode(SALT).decode()},i={ROUNDS}"
            return 0x18, self._challenge.encode()
        final = data.decode().partition(",p=")[0]
        transcript = f"{self._first},{self._challenge},{final}".encode()
        known = _fields(self._first.encode()).get("n") == self._user
        if not known or b64decode(said.get("p", "")) != self._keys.proof(transcript):
            return 0x87, None
        return 0x00, f"v={b64encode(_hmac(self._keys.server, transcript)).decode()}".encode()


class Liar(ScramServer):
    """A server that accepts everybody and knows no password."""

    def step(self, data: bytes) -> tuple[int, bytes | None]:
        reason, answer = super().step(data)
        return (reason, answer) if reason == 0x18 else (0x00, b"v=bGllcw==")
