#!/usr/bin/env bash
# Installs what the benchmark's C program is built with, a compiler and libmosquitto's header, where it is missing
# and this user may; else names the one command and goes on: the row is then "not measured", with the reason.
set -euo pipefail

present() {
    command -v cc >/dev/null &&
        echo '#include <mosquitto.h>' | cc -E - >/dev/null 2>&1
}

install() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
    "$@" "${apt[@]}" update -qq && "$@" "${apt[@]}" install -qq -y --no-install-recommends gcc libc6-dev libmosquitto-dev
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
echo "libmosquitto's header or a C compiler is missing; trying to install Debian's packages ..." >&2
if try_install >/dev/null && present; then
    exit 0
fi
echo "WARNING: libmosquitto will be NOT MEASURED." \
    "To measure it: sudo apt-get install gcc libc6-dev libmosquitto-dev" >&2
