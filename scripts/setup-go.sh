#!/usr/bin/env bash
# Installs Go and a C compiler, for the Go package, unless they are installed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

say() { echo "setup: $*" >&2; }
has() { command -v "$1" >/dev/null; }

missing=()
has go || missing+=(golang-go)
has cc || missing+=(gcc libc6-dev)
[ "${#missing[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
    say "please install these (Debian's names), then try again: ${missing[*]}"
    exit 1
fi
say "installing ${missing[*]}"
quietly apt-get -q update || say "apt-get update failed; using the existing package lists"
quietly env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
    install --no-install-recommends "${missing[@]}"
