#!/usr/bin/env bash
# The claim of the core install: the wheel alone, in an empty environment, imports and works;
# what needs an extra (the command line, WebSocket, proxies, PostgreSQL) says so in one sentence.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

.venv/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --wheel-dir "$scratch" .
.venv/bin/python -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index "$scratch"/holdfast-*.whl

# Away from the checkout, so that only the installed wheel can be imported.
cd "$scratch"
venv/bin/python -W error - <<'PYTHON'
import importlib.resources

import holdfast
from holdfast import *  # every exported name loads without an extra
from holdfast.testing import Broker

assert importlib.resources.files(holdfast).joinpath("py.typed").is_file(), "py.typed is not in the wheel"
assert {name for name in holdfast.__all__} <= set(globals())
for extra, options in {"ws": {"url": "wss://broker.example"}, "proxy": {"proxy": "http://proxy.example:3128"}}.items():
    try:
        Client(**options)
    except ValueError as error:
        assert f"pip install 'holdfast[{extra}]'" in str(error), error
    else:
        raise AssertionError(f"{options} without the extra {extra}")

from holdfast.ingest import PostgresSink

try:
    PostgresSink("postgresql://db.example/plant")
except ValueError as error:
    assert "pip install 'holdfast[postgres]'" in str(error), error
else:
    raise AssertionError("PostgresSink without the extra postgres")
PYTHON

if said=$(venv/bin/holdfast --help 2>&1); then
    echo "holdfast --help succeeded without the cli extra: $said" >&2
    exit 1
fi
if [ "$(wc -l <<<"$said")" -ne 1 ] || ! grep -qF 'holdfast[cli]' <<<"$said"; then
    echo "without the cli extra, holdfast --help must name holdfast[cli] in one line; it said: $said" >&2
    exit 1
fi
echo "wheel: installs without extras, all exports import, what needs an extra names it"
