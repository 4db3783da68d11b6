#!/usr/bin/env bash
# Sets up what the Node package is built, tested and checked with: the packages of node/package-lock.json, which are pinned, in
# the cache folder, and a link to them as node/node_modules, where Node and TypeScript look. Prints nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/node-places.sh
. scripts/node-places.sh

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
    quietly apt-get -q update || say "apt-get update failed; going on with the package lists that are here"
    quietly env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        install --no-install-recommends "${missing[@]}"
fi
if ! node -e 'process.exit(Number.parseInt(process.versions.node, 10) < 20 ? 1 : 0)'; then
    say "Node 20 or later is needed for the tests, and this is $(node --version)"
    exit 1
fi
if [ ! -e "$NODE_FOLDER/done" ]; then
    say "fetching Node packages for the tests, once"
    rm -rf "$NODE_FOLDER"
    mkdir -p "$NODE_FOLDER"
    cp node/package.json node/package-lock.json "$NODE_FOLDER"
    # None of them has anything to run when it is installed.
    (cd "$NODE_FOLDER" && quietly npm ci --ignore-scripts --no-audit --no-fund)
    touch "$NODE_FOLDER/done"
fi
if [ "$(readlink node/node_modules)" != "$NODE_FOLDER/node_modules" ]; then
    rm -rf node/node_modules
    ln -s "$NODE_FOLDER/node_modules" node/node_modules
fi
