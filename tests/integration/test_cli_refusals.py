"""The commands when they cannot: one sentence with the next step, the right exit code, no traceback."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from holdfast.testing import Broker
from tests.support import certificates
from tests.support.command import Running, holdfast
from tests.support.leaks import SECRET
from tests.support.mosquitto import Mosquitto, free_port

FEW = ("--timeout-s", "1.5")


@pytest.fixture
def strict() -> Iterator[Broker]:
    """A broker for one test, to be told what to refuse."""
    with Broker(strict=True) as broker:
        yield broker


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said: one line, no traceback, nothing on stdout."""
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("wrong", "next_step"),
    [
        ("broker.example", "Write mqtt://broker.example"),
        ("http://broker.example", "Use mqtt://, mqtts://, ws://, wss:// or unix://."),
        ("mqtt://127.0.0.1:0", "Ports go from 1 to 65535"),
        ("mqtt://127.0.0.1:99999", "Ports go from 1 to 65535"),
        ("mqtt://127.0.0.1/plant", "Write mqtt://127.0.0.1;"),
    ],
)
@pytest.mark.parametrize(
    "command", [("pub", "a", "b"), ("sub", "a"), ("ingest", "-t", "a", "--into", "x.db")]
)
def test_a_wrong_url(tmp_path: Path, command: tuple[str, ...], wrong: str, next_step: str) -> None:
    """Exit code 2 before anything happens, with the corrected form; no file is made."""
    done = holdfast(*command, "-u", wrong, cwd=tmp_path)
    assert done.returncode == 2
    assert next_step in one_sentence(done)
    assert list(tmp_path.iterdir()) == []


def test_a_password_in_a_wrong_url_is_not_printed() -> None:
    """Neither in the sentence nor in the corrected form."""
    done = holdfast("pub", "-u", f"mqtt://me:{SECRET}@127.0.0.1:0/x", "a", "b")
    assert done.returncode == 2
    assert SECRET not in one_sentence(done)


def test_nobody_listens() -> None:
    """69, after as long as it was told to try."""
    done = holdfast("pub", "-u", f"mqtt://127.0.0.1:{free_port()}", "a", "b", *FEW)
    assert done.returncode == 69
    assert "refused the connection. Is the broker running" in one_sentence(done)


def test_an_unknown_host() -> None:
    """69; the name is what to look at."""
    done = holdfast("pub", "-u", "mqtt://no-such-host.invalid", "a", "b", *FEW)
    assert done.returncode == 69
    assert "host name" in one_sentence(done)


def test_failures_in_json_too() -> None:
    """stdout has an object that says no, stderr the sentence."""
    done = holdfast("pub", "-u", f"mqtt://127.0.0.1:{free_port()}", "a", "b", "--json", "--timeout-s", "0.5")
    record = json.loads(done.stdout)
    assert (done.returncode, record["acknowledged"]) == (69, False)
    assert record["error"] == done.stderr.strip()


async def test_a_broker_that_is_no_broker() -> None:
    """Something else answers on that port: it is said so."""

    async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()

    async with _serving(http) as port:
        done = await asyncio.to_thread(holdfast, "pub", "-u", f"mqtt://127.0.0.1:{port}", "a", "b", *FEW)
    assert done.returncode == 69
    assert "Is it an MQTT broker, " in one_sentence(done)


async def test_a_broker_that_says_nothing() -> None:
    """It takes the connection and keeps silent: 69 in time, not later."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with _serving(silent) as port:
        done = await asyncio.to_thread(holdfast, "pub", "-u", f"mqtt://127.0.0.1:{port}", "a", "b", *FEW)
    assert done.returncode == 69
    assert "not acknowledged in 1.5 s" in one_sentence(done)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    """Certificates of a CA that nobody knows."""
    return certificates.make(tmp_path_factory.mktemp("tls") / "made")


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(
    ("pair", "ca", "said"),
    [
        ("server", "other_ca", "certificate"),
        ("wrong_host", "ca", "certificate"),
        ("expired", "ca", "expired"),
    ],
)
async def test_a_bad_certificate(made: certificates.Certificates, pair: str, ca: str, said: str) -> None:
    """Of another CA, for another host, expired: 69, and the sentence says which."""
    flags = ("--tls-ca-file", str(getattr(made, ca).file))
    context: ssl.SSLContext = getattr(made, pair).context()

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with _serving(never, context) as port:
        url = f"mqtts://127.0.0.1:{port}"
        done = await asyncio.to_thread(holdfast, "pub", "-u", url, "a", "b", *FEW, *flags)
    assert done.returncode == 69
    assert said in one_sentence(done)


@pytest.mark.needs("openssl", "mosquitto")
def test_a_good_certificate(made: certificates.Certificates, tmp_path: Path) -> None:
    """With the right CA the same command is acknowledged; a folder for a CA file is named."""
    lines = [f"certfile {made.server.cert}", f"keyfile {made.server.key}"]
    with Mosquitto(tmp_path, *lines) as broker:
        command = ("pub", "-u", f"mqtts://127.0.0.1:{broker.port}", "a", "b", *FEW, "--tls-ca-file")
        done = holdfast(*command, str(made.ca.file))
        wrong = holdfast(*command, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert wrong.returncode == 69
    assert str(tmp_path) in one_sentence(wrong)


@pytest.mark.needs("mosquitto", "mosquitto_passwd")
def test_a_refused_login(tmp_path: Path) -> None:
    """69; username and password are what to look at. The right ones are acknowledged."""
    passwords, secret = tmp_path / "passwords", tmp_path / "secret"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "me", SECRET], check=True, capture_output=True)
    secret.write_text(f"{SECRET}\n")
    with Mosquitto(tmp_path, f"password_file {passwords}", anonymous=False) as broker:
        refused = holdfast("pub", "-u", broker.url.replace("//", f"//me:not-{SECRET}@"), "a", "b", *FEW)
        flags = ("--username", "me", "--password-file", str(secret))
        done = holdfast("pub", "-u", broker.url, "a", "b", *FEW, *flags)
    assert refused.returncode == 69
    sentence = one_sentence(refused)
    assert "refused the login" in sentence
    assert "Are username and password right" in sentence
    assert SECRET not in sentence
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("into", ["missing/x.db", ".", "notes.txt", "/proc/x.db"])
def test_an_unwritable_database(tmp_path: Path, strict: Broker, into: str) -> None:
    """73: no folder, a folder, another kind of file, no right; one sentence with the next step."""
    (tmp_path / "notes.txt").write_text("dear diary, " * 100)
    done = holdfast("ingest", "-u", strict.url, "-t", "a", "--into", into, cwd=tmp_path)
    assert done.returncode == 73
    assert into in one_sentence(done)


def test_a_message_the_broker_refuses_is_1(strict: Broker) -> None:
    """The broker's reason, and what to do; trying again would not help."""
    strict.refuse("PUBLISH", 0x99, times=1)
    done = holdfast("pub", "-u", strict.url, "secret/1", "x")
    assert done.returncode == 1
    assert "was refused: Payload format invalid" in one_sentence(done)


@pytest.mark.parametrize("command", [("sub", "a/#"), ("ingest", "-t", "a/#", "--into", "x.db")])
def test_a_subscription_the_broker_refuses_is_1(
    tmp_path: Path, strict: Broker, command: tuple[str, ...]
) -> None:
    """The filter and the reason are named; it does not wait for what will never come."""
    strict.refuse("SUBSCRIBE", 0x87)
    done = holdfast(*command, "-u", strict.url, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "a/#" in done.stderr
    assert "Not authorized" in done.stderr
    assert "Traceback" not in done.stderr


def test_giving_up_is_69(tmp_path: Path) -> None:
    """`ingest` and `sub` go on trying, unless they are told to give up."""
    url = f"mqtt://127.0.0.1:{free_port()}"
    flags = ("-u", url, "--reconnect-max-attempts", "2")
    for command in (("sub", "a"), ("ingest", "-t", "a", "--into", str(tmp_path / "x.db"))):
        done = holdfast(*command, *flags)
        assert done.returncode == 69
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert "gave up" in done.stderr.lower()


def test_sub_goes_on_trying(tmp_path: Path) -> None:
    """The sentence once, then patience; SIGTERM ends it with 0."""
    with Running(tmp_path, "sub", "-u", f"mqtt://127.0.0.1:{free_port()}", "a") as sub:
        sub.says("refused the connection")
        assert sub.stop() == 0
        assert sub.err.count("refused the connection") == 1


# -- servers ---------------------------------------------------------------------------------------

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # handshakes that fail are the point
    server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
