#!/usr/bin/env bash
# Sets up what the benchmark needs beside the servers, in the cache folder: Python with the packages of
# bench/python/requirements.txt, node_modules of bench/node/package-lock.json, and what Prisma generates from the schemas
# in bench/node/prisma. Both lists are pinned; another list gets another folder. Prints nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/bench-places.sh
. scripts/bench-places.sh

say() { echo "setup: $*" >&2; }
has() { command -v "$1" >/dev/null; }

# Valgrind and pgloader may be missing: then no instructions are counted, and nobody else moves a log; the results say so.
packages() {
    local name
    local -a missing=() optional=()
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
    has node || missing+=(nodejs)
    has npm || missing+=(npm)
    # better-sqlite3 is compiled where there is no ready-made one.
    has make || missing+=(make)
    has c++ || missing+=(g++)
    for name in valgrind pgloader; do
        has "$name" || optional+=("$name")
    done
    [ "$((${#missing[@]} + ${#optional[@]}))" -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
        [ "${#optional[@]}" -eq 0 ] || say "the results will lack what these are for (Debian's names): ${optional[*]}"
        [ "${#missing[@]}" -gt 0 ] || return 0
        say "please install these (Debian's names), then try again: ${missing[*]}"
        return 1
    fi
    say "installing ${missing[*]} ${optional[*]}"
    quietly apt-get -q update || say "apt-get update failed; going on with the package lists that are here"
    [ "${#missing[@]}" -eq 0 ] || install "${missing[@]}"
    for name in "${optional[@]}"; do
        install "$name" || say "going on without $name"
    done
}

install() {
    quietly env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        install --no-install-recommends "$@"
}

python_packages() {
    [ ! -e "$BENCH_PYTHON_FOLDER/done" ] || return 0
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { say "the benchmark needs Python 3.10 or later"; return 1; }
    say "fetching Python packages for the benchmark, once"
    rm -rf "$BENCH_PYTHON_FOLDER"
    python3 -m venv "$BENCH_PYTHON_FOLDER"
    quietly "$BENCH_PYTHON_FOLDER/bin/python" -m pip install --quiet --no-deps -r bench/python/requirements.txt
    touch "$BENCH_PYTHON_FOLDER/done"
}

node_packages() {
    [ ! -e "$BENCH_NODE_FOLDER/done" ] || return 0
    say "fetching Node packages for the benchmark, once (minutes where one has to be compiled)"
    rm -rf "$BENCH_NODE_FOLDER"
    mkdir -p "$BENCH_NODE_FOLDER"
    cp -r bench/node/package.json bench/node/package-lock.json bench/node/prisma "$BENCH_NODE_FOLDER"
    (
        cd "$BENCH_NODE_FOLDER"
        # better-sqlite3 has to be built; what Prisma's packages do when they are installed is to download an engine.
        quietly npm ci --ignore-scripts --no-audit --no-fund
        quietly npm rebuild better-sqlite3
        prisma_clients
    )
    touch "$BENCH_NODE_FOLDER/done"
}

# Generates the clients beside the copies of the schemas, and compiles them.
prisma_clients() {
    local schema unused
    # `generate` insists on having a schema engine, which it does not run: migrations would. Any program will do, and with
    # one it downloads none.
    unused=$(type -P true)
    for schema in prisma/*.prisma; do
        quietly env CHECKPOINT_DISABLE=1 PRISMA_SCHEMA_ENGINE_BINARY="$unused" \
            node_modules/.bin/prisma generate --no-hints --schema "$schema" ||
            { say "Prisma could not generate its client from bench/node/$schema"; return 1; }
    done
    quietly node_modules/.bin/tsc --noCheck --module nodenext --target es2022 prisma/*/client.mts ||
        { say "the clients that Prisma generated could not be compiled"; return 1; }
}

packages
python_packages
node_packages
