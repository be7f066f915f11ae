#!/usr/bin/env bash
# Installs PostgreSQL from Debian's packages, where it is missing and this user may; else names the one command and
# goes on: the tests that need it are then skipped, and the summary of the run says so. The tests start a server of
# their own, in a temporary folder.
set -euo pipefail

present() {
    command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

install() {
    # RUNLEVEL=1 asks Debian not to start its service on port 5432.
    local apt=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get)
    "$@" "${apt[@]}" update -qq && "$@" "${apt[@]}" install -qq -y --no-install-recommends postgresql
}

try_install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -eq 0 ]; then
        install
    elif sudo -n true 2>/dev/null; then
        install sudo -n
    else
        return 1
    fi
}

if present; then
    exit 0
fi
echo "missing for the tests: postgresql; trying to install Debian's package ..." >&2
if try_install >/dev/null && present; then
    exit 0
fi
echo "WARNING: not installed: postgresql; the tests that need it will be SKIPPED." \
    "To run them: sudo apt-get install postgresql" >&2
