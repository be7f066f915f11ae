#!/usr/bin/env bash
# Installs Debian's mosquitto where it is missing and this user may; else names the one command and goes on:
# the tests that need it are then skipped, and the summary of the run says which and why.
set -euo pipefail

present() { command -v mosquitto >/dev/null && command -v mosquitto_pub >/dev/null; }

install() {
    # RUNLEVEL=1 asks Debian not to start its service on port 1883; the tests start brokers of their own.
    local apt=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get)
    "$@" "${apt[@]}" update -qq && "$@" "${apt[@]}" install -qq -y --no-install-recommends mosquitto mosquitto-clients
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
echo "mosquitto is missing; trying to install Debian's package ..." >&2
if try_install >/dev/null && present; then
    exit 0
fi
echo "WARNING: mosquitto is not installed; the tests that need it will be SKIPPED." \
    "To run them: sudo apt-get install mosquitto mosquitto-clients" >&2
