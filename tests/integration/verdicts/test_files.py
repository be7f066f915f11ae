"""Files that cannot be used, and are put right while the client runs: the next attempt needs no restart."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from holdfast import TLS, Client, Reconnect
from holdfast.client.events import ConnectFailed
from holdfast.resilience.rows import Row
from holdfast.testing import Broker, eventually
from tests.support.certificates import Certificates, Pair
from tests.support.leaks import SECRET
from tests.support.provoking import as_nobody, the_row

QUICK = Reconnect(first_delay_s=0.01, max_delay_s=0.05)


class Files:
    """What a client reads at each attempt, in a folder that everybody may enter; at first all is right."""

    def __init__(self, made: Certificates) -> None:
        self.folder = Path(mkdtemp())
        self.folder.chmod(0o755)
        self.made = made
        self.ca, self.cert, self.key, self.password = (
            self.folder / name for name in ("ca.pem", "cert.pem", "key.pem", "password")
        )
        self.key_password: str | None = None
        self.put_right()

    def put_right(self) -> None:
        """As they should be."""
        for path in self.folder.iterdir():
            path.chmod(0o600)
        shutil.copy(self.made.ca.file, self.ca)
        shutil.copy(self.made.client.cert, self.cert)
        shutil.copy(self.made.client.key, self.key)
        self.password.write_text(f"{SECRET}\n")

    def client(self, broker: Broker) -> Client:
        """One that uses all of them."""
        tls = TLS(ca_file=self.ca, cert_file=self.cert, key_file=self.key, key_password=self.key_password)
        given: dict[str, Any] = {"username": "me", "password_file": self.password, "tls": tls}
        return Client(broker.url, reconnect=QUICK, drain_s=0, **given)


@pytest.fixture
def files(made: Certificates) -> Iterator[Files]:
    """One of each, and gone afterwards."""
    files = Files(made)
    yield files
    shutil.rmtree(files.folder)


@pytest.fixture
def broker(made: Certificates) -> Iterator[Broker]:
    """It asks for a certificate of its CA."""
    with Broker(ssl_context=made.server.context(clients=made.ca.file)) as broker:
        yield broker


Break = Callable[[Files], object]


def missing(name: str) -> Break:
    return lambda files: getattr(files, name).unlink()


def another(name: str, content: bytes) -> Break:
    return lambda files: getattr(files, name).write_bytes(content)


def encrypted(password: str | None) -> Break:
    """The key is behind a password that is not the one given."""

    def harm(files: Files) -> None:
        shutil.copy(files.made.client.encrypted(SECRET), files.key)
        files.key_password = password

    return harm


def of_others(files: Files) -> None:
    """A certificate that is not for this key."""
    shutil.copy(files.made.stranger.cert, files.cert)


CONFIGURATION = the_row("HoldfastError", "")

PEM = "holds no certificate in PEM form"
GONE = "cannot be read: No such file"

BROKEN: dict[str, tuple[Break, str, str]] = {
    "no CA": (missing("ca"), f"CA file '{{ca}}' {GONE}", "may this user read it?"),
    "no certificate": (missing("cert"), f"certificate '{{cert}}' {GONE}", "is the path right"),
    "no key": (missing("key"), f"key '{{key}}' {GONE}", "is the path right"),
    "no password": (missing("password"), f"password file '{{password}}' {GONE}", "is the path right"),
    "another CA file": (another("ca", b"?"), f"CA file {{ca}} {PEM}", "is it DER"),
    "another certificate file": (another("cert", b"?"), f"{{cert}} {PEM}", "is it DER"),
    "another key file": (another("key", b"?"), "{key} holds no private key in PEM form", "key_file="),
    "another password file": (another("password", b"\xff"), "'{password}' is not UTF-8", "right file"),
    "an encrypted key": (encrypted(None), "the key {key} is encrypted", "give key_password="),
    "another key's password": (encrypted("guess"), "key_password does not open the key {key}", "of this"),
    "another key's certificate": (of_others, "{cert} and the key {key} do not belong together", "made for"),
}
PROVOKED: dict[str, Row] = dict.fromkeys(BROKEN, CONFIGURATION)


async def told(client: Client) -> ConnectFailed:
    """The next attempt that fails."""
    async with asyncio.timeout(5):
        return await anext(event async for event in client.events() if isinstance(event, ConnectFailed))


def check(event: ConnectFailed, files: Files, words: str, hint: str) -> None:
    """It is the file that is named, and what to do about it."""
    assert event.cause == CONFIGURATION.cause
    assert words.format_map(vars(files)) in event.message
    assert hint in str(event.hint)
    assert SECRET not in event.message


@pytest.mark.parametrize("name", BROKEN)
async def test_a_file_that_cannot_be_used(name: str, files: Files, broker: Broker) -> None:
    """Cause, file and next step are told; put right on the disk, it is used by the attempt that follows."""
    harm, words, hint = BROKEN[name]
    harm(files)
    async with files.client(broker) as client:
        check(await told(client), files, words, hint)
        files.put_right()
        client.redial()
        await client.ready(5)


@pytest.mark.parametrize("name", ["ca", "cert", "key", "password"])
async def test_a_file_that_may_not_be_read(name: str, files: Files, broker: Broker) -> None:
    """It belongs to somebody else; given to us, it is used by the attempt that follows."""
    getattr(files, name).chmod(0)
    with ExitStack() as stack:
        stack.enter_context(as_nobody())
        async with files.client(broker) as client:
            check(await told(client), files, f"'{{{name}}}' cannot be read: Permission", "may this user")
            stack.close()
            files.put_right()
            client.redial()
            await client.ready(5)


# -- rotated ----------------------------------------------------------------------------------------


def install(pair: Pair, files: Files) -> None:
    """As a tool that renews certificates does: written beside, then moved into place."""
    for source, target in ((pair.cert, files.cert), (pair.key, files.key)):
        beside = target.with_suffix(".new")
        shutil.copy(source, beside)
        os.replace(beside, target)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("expired", "has expired"),
        ("not_yet", "is not valid yet"),
        ("wrong_host", "is for another host"),
    ],
)
async def test_the_broker_gets_a_new_certificate(before: str, words: str, made: Certificates) -> None:
    """What was wrong with the old one is told; with the new one the next attempt succeeds."""
    with Broker(ssl_context=getattr(made, before).context()) as broker:
        async with Client(broker.url, tls=TLS(ca_file=made.ca.file), reconnect=QUICK) as client:
            assert words in (await told(client)).message
            broker.stop()
            with Broker(port=broker.port, ssl_context=made.server.context()):
                client.redial()
                await client.ready(5)


async def test_our_certificate_is_renewed(files: Files, broker: Broker, made: Certificates) -> None:
    """The one of strangers is refused; ours, put in its place, is accepted, and so it goes on after a cut."""
    install(made.stranger, files)
    async with files.client(broker) as client:
        event = await told(client)
        assert event.cause in ("client_certificate", "reset")  # the alert, or what became of our CONNECT
        assert "certificate" in str(event.hint)
        install(made.client, files)
        client.redial()
        await client.ready(5)
        install(made.ca.issue("gateway-8", client=True), files)
        broker.cut()
        await eventually(lambda: broker.connects >= 2)
        await client.ready(5)


async def test_another_ca_is_trusted(files: Files, made: Certificates) -> None:
    """The broker moves to another CA: refused until its file is there, and no restart."""
    other = made.other_ca.issue("server-2")
    with Broker(ssl_context=other.context()) as broker:
        async with files.client(broker) as client:
            assert "CA that is not trusted here" in (await told(client)).message
            shutil.copy(made.other_ca.file, files.ca)
            client.redial()
            await client.ready(5)
