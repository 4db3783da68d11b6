#!/usr/bin/env bash
# Installs what building, testing and checking need and this machine lacks; says nothing when nothing is missing.
#
#   scripts/setup.sh [servers] [galera] [mysql] [nextest] [deny] [python] [node] [bench] [fuzz]
#                                                                 all but bench and fuzz when none is named
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

# Any newer version will do too; these are what gets installed where there is none.
NEXTEST_VERSION=0.9.143
DENY_VERSION=0.20.2
FUZZ_VERSION=0.13.2

say() { echo "setup: $*" >&2; }

# Whether a program is there; servers lie outside the PATH of ordinary accounts.
has() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null; }

has_postgresql() { has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

has_mariadb() { has mariadbd && has mariadb-install-db && has my_print_defaults; }

has_galera() { compgen -G '/usr/lib*/galera*/libgalera_smm.so' >/dev/null; }

# Debian packages for what is missing. The servers are never started by the system: tests start their own.
install_packages() {
    local -a missing=()
    has cc || missing+=(gcc libc6-dev)
    has setpriv || missing+=(util-linux)
    has find || missing+=(findutils)
    has_postgresql || missing+=(postgresql)
    has sqlite3 || missing+=(sqlite3)
    has pgbouncer || missing+=(pgbouncer)
    if ! has_mariadb; then
        # The server alone, without the system service; older systems have it in one package only.
        if [ "$(id -u)" -ne 0 ] || package_exists mariadb-server-core; then
            missing+=(mariadb-server-core mariadb-client-core)
        else
            missing+=(mariadb-server)
        fi
    fi
    has_galera || missing+=(galera-4)
    # By these a node of a Galera cluster gets its data from another one.
    has rsync || missing+=(rsync)
    has ss || has lsof || missing+=(iproute2)
    [ "${#missing[@]}" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
        say "please install these (Debian's names), then try again: ${missing[*]}"
        say "    sudo apt-get install --no-install-recommends ${missing[*]}"
        return 1
    fi
    say "installing ${missing[*]}"
    update_once
    without_services quietly env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        install --no-install-recommends "${missing[@]}"
    has_postgresql && has_mariadb && has_galera && has cc
}

package_exists() {
    update_once
    [ -n "$(apt-cache show "$1" 2>/dev/null)" ]
}

updated=
update_once() {
    [ -z "$updated" ] || return 0
    quietly apt-get -q update || say "apt-get update failed; going on with the package lists that are here"
    updated=yes
}

# Runs a command while packages may not start services; a rule that the machine already has stays as it is.
without_services() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    "$@" || status=$?
    rm -f "$policy"
    trap - EXIT
    return "$status"
}

# A cargo command, compiled once and kept.
install_tool() {
    local name=$1 version=$2
    ! has "$name" || return 0
    say "compiling $name $version, once (some minutes)"
    # Not into the project's own build folder, whatever that is set to.
    quietly env -u CARGO_TARGET_DIR cargo install --quiet --locked --root "$CHATKEEP_CACHE/tools" "$name@$version"
}

# libFuzzer is C++, and comes as source.
install_fuzz() {
    has c++ || { say "please install a C++ compiler (Debian's name: g++), then try again"; return 1; }
    install_tool cargo-fuzz "$FUZZ_VERSION"
}

if ! has cargo; then
    say "please install Rust first, with rustup or your system's packages: there is no cargo here"
    exit 1
fi
# Two runs at once would install the same things.
exec 9>"$CHATKEEP_CACHE/setup.lock"
if has flock; then flock 9; fi

for part in "${@:-servers galera mysql nextest deny python node}"; do
    for name in $part; do
        case $name in
        servers) install_packages ;;
        galera) scripts/setup-galera.sh ;;
        mysql) scripts/setup-mysql.sh ;;
        nextest) install_tool cargo-nextest "$NEXTEST_VERSION" ;;
        deny) install_tool cargo-deny "$DENY_VERSION" ;;
        python) scripts/setup-python.sh ;;
        node) scripts/setup-node.sh ;;
        bench) scripts/setup-bench.sh ;;
        fuzz) install_fuzz ;;
        *)
            say "there is no part '$name': servers, galera, mysql, nextest, deny, python, node, bench, fuzz"
            exit 2
            ;;
        esac
    done
done
