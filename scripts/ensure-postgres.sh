#!/usr/bin/env bash
# Installs PostgreSQL from Debian's packages, where it is missing and this user may; else names the one command and
# goes on: the tests that need it are then skipped, and the summary of the run says so. The tests start a server of
# their own, in a temporary folder.
set -euo pipefail
# shellcheck source=scripts/debian.sh
. "$(dirname "$0")/debian.sh"

present() {
    command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

if present; then
    exit 0
fi
echo "missing for the tests: postgresql; trying to install Debian's package ..." >&2
if try_install postgresql >/dev/null && present; then
    exit 0
fi
echo "WARNING: not installed: postgresql; the tests that need it will be SKIPPED." \
    "To run them: sudo apt-get install postgresql" >&2
