#!/usr/bin/env bash
# The claim of the core install: the wheel alone, in an empty environment, imports and works;
# the command line, which needs an extra, says so in one sentence.
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
PYTHON

if said=$(venv/bin/holdfast --help 2>&1); then
    echo "holdfast --help succeeded without the cli extra: $said" >&2
    exit 1
fi
if [ "$(wc -l <<<"$said")" -ne 1 ] || ! grep -qF 'holdfast[cli]' <<<"$said"; then
    echo "without the cli extra, holdfast --help must name holdfast[cli] in one line; it said: $said" >&2
    exit 1
fi
echo "wheel: installs without extras, all exports import, the CLI names its extra"
