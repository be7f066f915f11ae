"""Rows of a machine that is cut off: no route, no name server, no ports, no files (contract 29).

They are provoked in a network namespace: nothing leaves it, and nothing of this machine is changed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from holdfast.resilience.rows import Row
from tests.support import cut_off
from tests.support.cut_off import NO_ROUTE, PROHIBITED, UNREACHABLE
from tests.support.provoking import the_row

URLS: dict[str, tuple[str, str | None, Row]] = {
    "no route": (f"mqtt://{NO_ROUTE}", None, the_row("OSError", "cannot be reached")),
    "host unreachable": (f"mqtt://{UNREACHABLE}", None, the_row("OSError", "cannot be reached")),
    "prohibited": (f"mqtt://{PROHIBITED}", None, the_row("OSError", "failed")),
    "no such name": ("mqtt://nxdomain.example", None, the_row("gaierror", "not known")),
    "a name without address": ("mqtt://nodata.example", None, the_row("gaierror", "not known")),
    "name server fails": ("mqtt://servfail.example", None, the_row("gaierror", "does not work now")),
    "name server refuses": ("mqtt://refused.example", None, the_row("gaierror", "does not work now")),
    "name server is silent": ("mqtt://silent.example", None, the_row("gaierror", "does not work now")),
    "no name of the proxy": (
        "mqtt://broker.example",
        "http://nxdomain.example:3128",
        the_row("ProxyFailed", "host name"),
    ),
    "no route to the proxy": (
        "mqtt://broker.example",
        f"socks5://{NO_ROUTE}:1080",
        the_row("ProxyFailed", "cannot be reached"),
    ),
}
PROVOKED: dict[str, Row] = {
    **{name: row for name, (_, _, row) in URLS.items()},
    "files": the_row("OSError", "no connection"),
    "ports": the_row("OSError", "no way from here"),
    "aborted": the_row("ConnectionAbortedError", ""),
}


@pytest.fixture(scope="module")
def said() -> dict[str, cut_off.Said | None]:
    """What is said in there, by the names above."""
    own = ["--net", "--mount"] if os.geteuid() == 0 else ["--net", "--mount", "--map-root-user"]
    if subprocess.run(
        ["unshare", *own, "ip", "link", "show", "lo"], capture_output=True, check=False
    ).returncode:
        pytest.skip("no network namespaces here")
    wanted = json.dumps({name: (url, proxy) for name, (url, proxy, _) in URLS.items()})
    command = ["unshare", *own, sys.executable, "-m", cut_off.__name__, wanted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.needs("unshare", "ip", "mount", "ss")
@pytest.mark.parametrize("name", PROVOKED)
def test_provoked(name: str, said: dict[str, cut_off.Said | None]) -> None:
    """This row and no other; where the broker or the proxy should be, and the next step, are told."""
    found = said[name]
    if found is None:
        pytest.skip("this kernel aborts no connections")
    kind, template, sentence, hint = found
    row = PROVOKED[name]
    assert (kind, template) == (row.kind, row.sentence)
    url, proxy, _ = URLS.get(name, ("mqtt://127.0.0.1", None, row))
    assert (proxy or url).partition("://")[2] in sentence
    assert hint
