#!/usr/bin/env bash
# Installs Debian's mosquitto, and the headers its plugins need, where they are missing and this user may; else
# names the one command and goes on: the tests that need it are skipped, and the summary of the run says which and why.
set -euo pipefail

present() { command -v mosquitto >/dev/null && command -v mosquitto_pub >/dev/null; }
headers() { [ -f /usr/include/mosquitto_plugin.h ] || ! command -v cc >/dev/null; }

install() {
    # RUNLEVEL=1 asks Debian not to start its service on port 1883; the tests start brokers of their own.
    local apt=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get)
    "$@" "${apt[@]}" update -qq && "$@" "${apt[@]}" install -qq -y --no-install-recommends "${packages[@]}"
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

ensure() {
    local check=$1 packages=("${@:2}")
    if "$check"; then
        return
    fi
    echo "${packages[0]} is missing; trying to install Debian's package ..." >&2
    if try_install >/dev/null && "$check"; then
        return
    fi
    echo "WARNING: ${packages[0]} is not installed; the tests that need it will be SKIPPED." \
        "To run them: sudo apt-get install ${packages[*]}" >&2
}

ensure present mosquitto mosquitto-clients
ensure headers mosquitto-dev
