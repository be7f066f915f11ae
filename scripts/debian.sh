# To be sourced: Debian's packages, installed where this user may.

# try_install PACKAGE...: fails where there is no apt-get, or no right to use it.
try_install() {
    # RUNLEVEL=1 asks Debian not to start services on their usual ports.
    local apt=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get)
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        apt=(sudo -n "${apt[@]}")
    fi
    "${apt[@]}" update -qq && "${apt[@]}" install -qq -y --no-install-recommends "$@"
}
