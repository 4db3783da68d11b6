#!/usr/bin/env bash
# Runs `cargo xtask` with these arguments, for the Makefile. Cargo needs a C compiler to link it, so a
# missing one is installed first.
set -euo pipefail
cd "$(dirname "$0")/.."

has() { command -v "$1" >/dev/null; }

if ! has cargo; then
    echo "setup: cargo is missing: please install Rust first, with rustup or your system's packages" >&2
    exit 1
fi
if ! has cc; then
    if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
        echo "setup: please install a C compiler (Debian's names: gcc libc6-dev), then try again" >&2
        exit 1
    fi
    echo "setup: installing gcc libc6-dev" >&2
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    # An outdated package list may suffice.
    apt-get -q update >"$log" 2>&1 || cat "$log" >&2
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        install --no-install-recommends gcc libc6-dev >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    rm -f "$log"
fi
exec cargo xtask "$@"
