#!/usr/bin/env bash
# Installs the programs of others that tests talk to, from Debian's packages, where they are missing and this user
# may; else names the one command and goes on: the tests that need one are then skipped, and the summary of the run
# says which and why. mosquitto is the broker, its headers are for a plugin that authenticates; tinyproxy (HTTP) and
# microsocks (SOCKS5) stand in front of it.
set -euo pipefail
# shellcheck source=scripts/debian.sh
. "$(dirname "$0")/debian.sh"

declare -A package=(
    [mosquitto]=mosquitto [mosquitto_pub]=mosquitto-clients [tinyproxy]=tinyproxy-bin [microsocks]=microsocks
)

missing() {
    local program
    for program in "${!package[@]}"; do
        command -v "$program" >/dev/null || echo "${package[$program]}"
    done | sort
    if command -v cc >/dev/null && [ ! -f /usr/include/mosquitto_plugin.h ]; then
        echo mosquitto-dev
    fi
}

mapfile -t wanted < <(missing)
if [ "${#wanted[@]}" -eq 0 ]; then
    exit 0
fi
echo "missing for the tests: ${wanted[*]}; trying to install Debian's packages ..." >&2
try_install "${wanted[@]}" >/dev/null || true
mapfile -t wanted < <(missing)
if [ "${#wanted[@]}" -eq 0 ]; then
    exit 0
fi
echo "WARNING: not installed: ${wanted[*]}; the tests that need them will be SKIPPED." \
    "To run them: sudo apt-get install ${wanted[*]}" >&2
