"""From an address to a link: each scheme finds its transport, and what is missing is said before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from holdfast import Client
from holdfast.errors import ConfigurationError
from holdfast.transport import check_parts, parse_url
from holdfast.transport.proxy_address import parse_proxy

PROXY = parse_proxy("socks5://proxy.example:1080")


@pytest.mark.parametrize("url", ["mqtt://h", "mqtts://h", "ws://h", "wss://h", "unix:///run/sock"])
def test_every_scheme_has_its_parts_here(url: str) -> None:
    """With the extras installed nothing is missing; a proxy goes with all but a Unix socket."""
    check_parts(parse_url(url), None)
    if url.startswith("unix"):
        with pytest.raises(ConfigurationError, match="proxy= with unix:///run/sock"):
            check_parts(parse_url(url), PROXY)
    else:
        check_parts(parse_url(url), PROXY)


@pytest.mark.parametrize(
    ("package", "options", "sentence"),
    [
        ("websockets", {"url": "ws://h"}, "ws:// URLs need: pip install 'holdfast[ws]'"),
        ("websockets", {"url": "wss://h"}, "wss:// URLs need: pip install 'holdfast[ws]'"),
        ("python_socks", {"proxy": "http://p:1"}, "proxies need: pip install 'holdfast[proxy]'"),
    ],
)
def test_a_missing_extra(
    package: str, options: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said when the client is built, in one sentence with the command."""
    Client(**options)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError) as caught:
        Client(**options)  # type: ignore[arg-type]
    assert str(caught.value) == sentence


def test_a_system_without_unix_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said when the client is built."""
    monkeypatch.delattr("socket.AF_UNIX")
    with pytest.raises(ConfigurationError, match="no Unix sockets"):
        Client("unix:///run/sock")


def test_a_transport_is_loaded_when_it_is_dialled() -> None:
    """Clients of every kind are built without websockets, python-socks and our own files for them."""
    probe = (
        "import sys; from holdfast import Client;"
        "Client(); Client('mqtts://h'); Client('wss://h'); Client('unix:///run/sock');"
        "names = ['websockets', 'python_socks', *(f'holdfast.transport.{one}' for one in"
        " ('tcp', 'stream', 'websocket', 'unix', 'proxy', 'proxy_address', 'failures'))];"
        "print(*(name for name in names if name in sys.modules));"
        "Client(proxy='http://p:1');"
        "print(*(name for name in names if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "\nholdfast.transport.proxy_address\n"
