#!/usr/bin/env bash
# Floors 0-2 stay compilable: builds them with mypyc in a scratch folder, and runs their unit tests on the result.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/.venv/bin
headers=$("$bin/python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
if ! command -v cc >/dev/null || [ ! -f "$headers/Python.h" ]; then
	echo "NOT CHECKED: whether floors 0-2 compile: no C compiler or no Python headers here (apt-get install gcc python3-dev)"
	exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -r src/holdfast "$scratch/holdfast"
# Exceptions that inherit from two built-in ones stay plain Python; so do the doors (__init__).
mapfile -t modules < <(cd "$scratch" && ls holdfast/{messages,reasons,topics,values}.py holdfast/{codec,protocol}/*.py |
	grep -v -e errors.py -e __init__.py)
(cd "$scratch" && "$bin/mypyc" "${modules[@]}" >"$scratch/mypyc.log" 2>&1) || { tail -30 "$scratch/mypyc.log"; exit 1; }
PYTHONPATH=$scratch "$bin/python" - <<'PY'
from holdfast.codec import Connack, Puback, V5, encode
from holdfast.messages import Outgoing
from holdfast.protocol import ConnectRequest, Session, session

assert session.__file__.endswith(".so"), f"not compiled: {session.__file__}"
client = Session()
client.connect(ConnectRequest("compiled"), 0.0)
client.receive(encode(Connack(), V5), 0.0)
client.publish([Outgoing(1, "a/b", b"x")], 0.0)
output = client.take()
client.committed(output.serial)
assert client.send(0.0).endswith(b"\x32\x09\x00\x03a/b\x00\x01\x00x"), "not the bytes expected"
client.receive(encode(Puback(1), V5), 0.0)
assert client.take().records, "the acknowledgement was not understood"
print(f"compiled: {session.__file__.rsplit('/', 1)[1]}")
PY
