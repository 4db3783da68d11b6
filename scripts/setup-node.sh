#!/usr/bin/env bash
# Sets up the build, test and lint tools of the Node package: the pinned packages of
# node/package-lock.json in the cache folder, and a link to them as node/node_modules, where Node
# and TypeScript search. Prints nothing if all is set up.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-node.sh
. scripts/env-node.sh

say() { echo "setup: $*" >&2; }
has() { command -v "$1" >/dev/null; }

missing=()
has node || missing+=(nodejs)
has npm || missing+=(npm)
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
        say "please install these (Debian's names), then try again: ${missing[*]}"
        exit 1
    fi
    say "installing ${missing[*]}"
    quietly apt-get -q update || say "apt-get update failed; using the existing package lists"
    quietly env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        install --no-install-recommends "${missing[@]}"
fi
if ! node -e 'process.exit(Number.parseInt(process.versions.node, 10) < 20 ? 1 : 0)'; then
    say "the tests need Node 20 or later, found $(node --version)"
    exit 1
fi
# A directory that a contributor created with `npm install` is kept while it satisfies package.json.
if [ -d node/node_modules ] && [ ! -L node/node_modules ] && npm ls --prefix node >/dev/null 2>&1; then exit 0; fi
if [ ! -e "$NODE_FOLDER/done" ]; then
    say "fetching Node packages for the tests, once"
    rm -rf "$NODE_FOLDER"
    mkdir -p "$NODE_FOLDER"
    cp node/package.json node/package-lock.json "$NODE_FOLDER"
    # None of the packages needs an install script.
    (cd "$NODE_FOLDER" && quietly npm ci --ignore-scripts --no-audit --no-fund)
    touch "$NODE_FOLDER/done"
fi
if [ "$(readlink node/node_modules)" != "$NODE_FOLDER/node_modules" ]; then
    rm -rf node/node_modules
    ln -s "$NODE_FOLDER/node_modules" node/node_modules
fi
