"""No password anywhere, wherever it came from: in no repr, event, snapshot, error or file, and no log record.

What tests print and log is searched by ``tests.support.leaks``; here is searched what could be printed.
"""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from holdfast import TLS, Authenticator, Client, Reconnect, sync
from holdfast.errors import ConfigurationError, NotReady
from holdfast.testing import Broker, eventually
from tests.support.certificates import Certificates
from tests.support.leaks import SECRET, Leaks
from tests.support.proxies import small_proxy

QUICK = Reconnect(first_delay_s=0.01, max_delay_s=0.05)

Options = dict[str, Any]
Source = Callable[[Broker, Certificates, Path], AbstractAsyncContextManager[Options]]


def given(make: Callable[[Broker, Certificates, Path], Options]) -> Source:
    """Options that need nobody to stand by."""

    @asynccontextmanager
    async def source(broker: Broker, made: Certificates, folder: Path) -> AsyncIterator[Options]:
        yield make(broker, made, folder)

    return source


def in_url(broker: Broker, made: Certificates, folder: Path) -> Options:
    return {"url": broker.url.replace("//", f"//me:{SECRET}@")}


def in_urls(broker: Broker, made: Certificates, folder: Path) -> Options:
    nobody = f"mqtt://me:other-{SECRET}@127.0.0.1:1"
    return {"url": [nobody, broker.url.replace("//", f"//me:{SECRET}@")]}


def as_setting(broker: Broker, made: Certificates, folder: Path) -> Options:
    return {"url": broker.url, "username": "me", "password": SECRET}


def by_function(broker: Broker, made: Certificates, folder: Path) -> Options:
    return {"url": broker.url, "username": "me", "password": lambda: SECRET}


def by_function_that_fails(broker: Broker, made: Certificates, folder: Path) -> Options:
    def password() -> str:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise LookupError(f"no password like {SECRET}") from error

    return {"url": broker.url, "username": "me", "password": password}


def in_file(broker: Broker, made: Certificates, folder: Path) -> Options:
    (folder / "password").write_text(f"{SECRET}\n")
    return {"url": broker.url, "username": "me", "password_file": folder / "password"}


def in_file_of_another_encoding(broker: Broker, made: Certificates, folder: Path) -> Options:
    (folder / "password").write_bytes(f"{SECRET}ü\n".encode("latin-1"))
    return {"url": broker.url, "username": "me", "password_file": folder / "password"}


def of_the_key(broker: Broker, made: Certificates, folder: Path) -> Options:
    tls = TLS(cert_file=made.client.cert, key_file=made.client.encrypted("another"), key_password=SECRET)
    return {"url": broker.url.replace("mqtt:", "mqtts:"), "tls": tls}


def of_an_authenticator(broker: Broker, made: Certificates, folder: Path) -> Options:
    class Token(Authenticator):
        method = "TOKEN"

        def __init__(self, token: str) -> None:
            self.token = token

        def start(self) -> bytes:
            return self.token.encode()

        def __repr__(self) -> str:
            return f"Token({self.token})"

    return {"url": broker.url, "authentication": lambda: Token(SECRET)}


def of_an_authenticator_that_fails(broker: Broker, made: Certificates, folder: Path) -> Options:
    class Failing(Authenticator):
        method = "TOKEN"

        def start(self) -> bytes:
            raise PermissionError(f"{SECRET} has expired")

    return {"url": broker.url, "authentication": Failing}


def of_a_proxy(kind: str) -> Source:
    """One that wants another login."""

    @asynccontextmanager
    async def source(broker: Broker, made: Certificates, folder: Path) -> AsyncIterator[Options]:
        async with small_proxy(kind, login=("me", "another")) as proxy:
            yield {"url": broker.url, "proxy": proxy.url.replace("//", f"//me:{SECRET}@")}

    return source


SOURCES: dict[str, Source] = {
    "URL": given(in_url),
    "URLs": given(in_urls),
    "setting": given(as_setting),
    "function": given(by_function),
    "function that fails": given(by_function_that_fails),
    "file": given(in_file),
    "file of another encoding": given(in_file_of_another_encoding),
    "TLS key": given(of_the_key),
    "authenticator": given(of_an_authenticator),
    "authenticator that fails": given(of_an_authenticator_that_fails),
    "HTTP proxy": of_a_proxy("http"),
    "SOCKS proxy": of_a_proxy("socks5"),
}


def words(error: BaseException | None) -> Iterator[str]:
    """All that an error and those behind it can say: whoever logs it decides how much."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield from traceback.format_exception(error)
        error = error.__cause__ or error.__context__


def shown(client: Client) -> Iterator[str]:
    """All that a client can be made to show."""
    yield from (repr(client), repr(vars(client)), repr(client.snapshot()), repr(client._setup))
    if client._core is not None:
        yield from (repr(vars(client._core)), repr(vars(client._core.keeper)))


def searched(texts: list[str]) -> list[str]:
    """Those that hold it."""
    leaks = Leaks(SECRET)
    for text in texts:
        leaks.look(text, text)
    return leaks.take()


@pytest.mark.parametrize("name", SOURCES)
async def test_no_password_anywhere(
    name: str, made: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While it is refused, and after it was accepted; an outbox file holds it no more than a log does."""
    caplog.set_level(0)
    said: list[str] = []
    with Broker() as broker:
        broker.refuse("CONNECT", 0x86, times=2)
        async with SOURCES[name](broker, made, tmp_path) as options:
            client = Client(**options, client_id="c", reconnect=QUICK, drain_s=0, outbox=tmp_path / "o.db")
            async with client:
                events = client.events()
                with pytest.raises(NotReady) as unready:
                    await client.ready(0.005)
                said += [*words(unready.value), *shown(client)]
                await eventually(lambda: tried(client))
                said += shown(client)
            said += [f"{event!r} {vars(event)}" async for event in events]
    said += [f"{one.getMessage()} {vars(one)} {''.join(words(_error(one)))}" for one in caplog.records]
    assert len(said) > 20
    assert searched(said) == []
    assert searched(held(tmp_path)) == []


def tried(client: Client) -> bool:
    """Whether it has met all that is to be met; what only a person can mend is asked for slowly."""
    client.redial()
    return client.snapshot().attempts > 2 or client.snapshot().connections > 0


def held(folder: Path) -> list[str]:
    """What the files of an outbox hold."""
    return [path.read_bytes().decode("latin-1") for path in folder.glob("o.db*")]


def _error(record: Any) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


WRONG = [
    {"url": f"mqtt://me:{SECRET}@host/path"},
    {"url": f"me:{SECRET}@host"},
    {"url": [f"mqtt://me:{SECRET}@one", f"mqtt://me:{SECRET}@two:port"]},
    {"url": [[f"mqtt://me:{SECRET}@one", f"mqtt://me:{SECRET}@one"]]},
    {"url": f"mqtt://me:{SECRET}@host:port"},
    {"url": f"mqtt://me:{SECRET}%FF@host"},
    {"url": f"mqtt://me:{SECRET} @host"},
    {"url": f"mqtt://me:{SECRET}@{'x' * 64}"},
    {"url": f"mqtt://me:{SECRET}@[::x]"},
    {"url": f"ws://host/mqtt?token={SECRET}"},
    {"url": f"mqtt://:{SECRET}@host"},
    {"url": "mqtt://host", "password": SECRET},
    {"url": "mqtt://host", "username": "me", "password": SECRET, "password_file": "p"},
    {"url": "mqtt://host", "proxy": f"socks4://me:{SECRET}@proxy:1080"},
    {"url": "mqtt://host", "proxy": f"http://me:{SECRET}%FF@proxy:80"},
    {"url": "mqtt://host", "proxy": f"socks5://me:{SECRET * 40}@proxy:1080"},
    {"url": "mqtt://host", "username": "me", "password": SECRET, "keepalive_s": -1},
]


@pytest.mark.parametrize("options", WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("face", [Client, sync.Client])
def test_no_password_in_a_refusal(face: type[Client] | type[sync.Client], options: Options) -> None:
    """Options that make no client are told without it, and so are the errors behind that error."""
    with pytest.raises(ConfigurationError) as refused:
        face(**options)
    assert searched([*words(refused.value), str(refused.value.hint)]) == []


def test_the_search_can_find_it(made: Certificates) -> None:
    """In a chain of errors, and in what a client shows."""
    with pytest.raises(RuntimeError) as raised:
        _fail(KeyError(SECRET))
    assert searched(list(words(raised.value)))
    client = Client("mqtt://localhost")
    client.password = SECRET  # type: ignore[attr-defined]
    assert searched(list(shown(client)))


def _fail(cause: Exception) -> None:
    raise RuntimeError("no") from cause
