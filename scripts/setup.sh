#!/usr/bin/env bash
# Installs missing dependencies for building, testing and checking. Prints nothing if none is
# missing.
#
#   scripts/setup.sh [servers] [galera] [mysql] [nextest] [deny] [lint] [python] [node] [go] [docs] [bench] [fuzz]
#                                                          without a name: all except docs, bench and fuzz
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

# Versions to install if the tool is missing. Newer versions work too.
NEXTEST_VERSION=0.9.143
DENY_VERSION=0.20.2
FUZZ_VERSION=0.13.2
MDBOOK_VERSION=0.5.4

say() { echo "setup: $*" >&2; }

# Returns whether a program is installed. Servers are outside the PATH of ordinary accounts.
has() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null; }

has_postgresql() { has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

has_mariadb() { has mariadbd && has mariadb-install-db && has my_print_defaults; }

has_galera() { compgen -G '/usr/lib*/galera*/libgalera_smm.so' >/dev/null; }

# Installs missing Debian packages. The servers are never started by the system, because tests start
# their own.
install_packages() {
    local -a missing=()
    has cc || missing+=(gcc libc6-dev)
    has setpriv || missing+=(util-linux)
    has find || missing+=(findutils)
    has_postgresql || missing+=(postgresql)
    has sqlite3 || missing+=(sqlite3)
    has pgbouncer || missing+=(pgbouncer)
    if ! has_mariadb; then
        # The server without the system service; older systems have both in one package.
        if [ "$(id -u)" -ne 0 ] || package_exists mariadb-server-core; then
            missing+=(mariadb-server-core mariadb-client-core)
        else
            missing+=(mariadb-server)
        fi
    fi
    has_galera || missing+=(galera-4)
    # Used by a node of a Galera cluster to receive its data from another one.
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
    quietly apt-get -q update || say "apt-get update failed; using the existing package lists"
    updated=yes
}

# Runs a command while packages may not start services. An existing policy of the machine is not
# changed.
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

# Compiles a cargo command once and stores it in the cache folder.
install_tool() {
    local name=$1 version=$2
    shift 2
    ! has "$name" || return 0
    say "compiling $name $version, once (some minutes)"
    # Not into the build folder of the project.
    quietly env -u CARGO_TARGET_DIR cargo install --quiet --locked --root "$CHATKEEP_CACHE/tools" "$@" "$name@$version"
}

# libFuzzer is compiled from C++ sources.
install_fuzz() {
    has c++ || { say "please install a C++ compiler (Debian's name: g++), then try again"; return 1; }
    install_tool cargo-fuzz "$FUZZ_VERSION"
}

# Without the web server and the file watcher of mdBook.
install_docs() {
    install_tool mdbook "$MDBOOK_VERSION" --no-default-features --features search
    scripts/setup-docs.sh
}

if ! has cargo; then
    say "cargo is missing: please install Rust first, with rustup or your system's packages"
    exit 1
fi
# Concurrent runs would install the same packages.
exec 9>"$CHATKEEP_CACHE/setup.lock"
if has flock; then flock 9; fi

for part in "${@:-servers galera mysql nextest deny lint python node go}"; do
    for name in $part; do
        case $name in
        servers) install_packages ;;
        galera) scripts/setup-galera.sh ;;
        mysql) scripts/setup-mysql.sh ;;
        nextest) install_tool cargo-nextest "$NEXTEST_VERSION" ;;
        deny) install_tool cargo-deny "$DENY_VERSION" ;;
        lint) scripts/setup-lint.sh ;;
        python) scripts/setup-python.sh ;;
        node) scripts/setup-node.sh ;;
        go) scripts/setup-go.sh ;;
        docs) install_docs ;;
        bench) scripts/setup-bench.sh ;;
        fuzz) install_fuzz ;;
        *)
            say "unknown part '$name'; parts are: servers, galera, mysql, nextest, deny, lint, python, node, go, docs, bench, fuzz"
            exit 2
            ;;
        esac
    done
done
