#!/usr/bin/env bash
# Runs every test on every engine, with private servers that are started before and stopped
# afterwards.
#
#   scripts/test.sh [arguments for cargo nextest run]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

scripts/setup.sh servers galera mysql nextest python node go
cargo build --quiet -p chatkeep-testkit
# Compiled before the servers start, with the options of test-suites.sh, so that nothing is compiled
# twice.
if [ $# -eq 0 ]; then
    scripts/build-python.sh
    cargo build --quiet -p chatkeep-cli -p chatkeep-c
    scripts/build-node.sh
    cargo nextest run --no-run --cargo-quiet --show-progress none --all-features --workspace
else
    cargo nextest run --no-run --cargo-quiet --show-progress none --all-features "$@"
fi
exec "${CARGO_TARGET_DIR:-target}/debug/chatkeep-testkit" run --fast --quiet -- scripts/test-suites.sh "$@"
