#!/usr/bin/env bash
# Makes .venv in this checkout with the package (editable), its extras and the development tools, all pinned.
set -euo pipefail
cd "$(dirname "$0")/.."

candidates=(${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11)
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
has_venv='import ensurepip, venv'

# The first candidate that passes each of the checks given.
first_python() {
    local name check
    for name in "${candidates[@]}"; do
        for check in "$@"; do
            "$name" -c "$check" >/dev/null 2>&1 || continue 2
        done
        echo "$name"
        return
    done
    return 1
}

find_python() {
    local bare
    if first_python "$new_enough" "$has_venv"; then
        return
    elif bare=$(first_python "$new_enough"); then
        echo "$("$bare" --version) is here without its venv module. On Debian: apt-get install python3-venv" >&2
    else
        echo "Holdfast needs Python 3.11 or newer, and none is on PATH. On Debian 12 or newer:" \
            "apt-get install python3 python3-venv; elsewhere name one: make setup PYTHON=/path/to/python3" >&2
    fi
    return 1
}

make_venv() {
    # An environment that is broken or too old is replaced; a good one is brought up to date.
    if ! .venv/bin/python -c "$new_enough" >/dev/null 2>&1; then
        rm -rf .venv
    fi
    "$1" -m venv .venv
}

install() {
    local pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt)
    # The build backend first: with it here no isolated build environment is made, whose parts no pin would reach.
    "${pip[@]}" hatchling
    "${pip[@]}" --no-build-isolation --editable '.[dev,all]'
}

python=$(find_python)
echo "setting up .venv with $("$python" --version) ..."
make_venv "$python"
install
echo ".venv is ready"
