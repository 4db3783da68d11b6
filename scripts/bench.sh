#!/usr/bin/env bash
# Runs the benchmarks against durable private servers.
#
#   scripts/bench.sh [arguments for cargo bench]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

scripts/setup.sh servers mysql
cargo build --quiet -p chatkeep-testkit
exec "${CARGO_TARGET_DIR:-target}/debug/chatkeep-testkit" run -- cargo bench --workspace --bench '*' "$@"
