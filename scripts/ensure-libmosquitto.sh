#!/usr/bin/env bash
# Installs what the benchmark's C program is built with, a compiler and libmosquitto's header, where it is missing
# and this user may; else names the one command and goes on: the row is then "not measured", with the reason.
set -euo pipefail
# shellcheck source=scripts/debian.sh
. "$(dirname "$0")/debian.sh"

present() {
    command -v cc >/dev/null &&
        echo '#include <mosquitto.h>' | cc -E - >/dev/null 2>&1
}

if present; then
    exit 0
fi
echo "libmosquitto's header or a C compiler is missing; trying to install Debian's packages ..." >&2
if try_install gcc libc6-dev libmosquitto-dev >/dev/null && present; then
    exit 0
fi
echo "WARNING: libmosquitto will be NOT MEASURED." \
    "To measure it: sudo apt-get install gcc libc6-dev libmosquitto-dev" >&2
