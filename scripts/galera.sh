#!/usr/bin/env bash
# Runs the contract suite on a private Galera cluster of three nodes, then the fault cases of clusters, repeatedly.
#
#   scripts/galera.sh [arguments for cargo nextest run]      the contract suite with these arguments only
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

scripts/setup.sh servers galera nextest
cargo build --quiet -p chatkeep-testkit
# The whole workspace, so that nothing is compiled again with other features.
nextest=(cargo nextest run --cargo-quiet --show-progress none --profile ci --all-features --workspace)
"${nextest[@]}" --no-run
run=("${CARGO_TARGET_DIR:-target}/debug/chatkeep-testkit" run --fast --quiet --only mariadb)

if [ $# -gt 0 ]; then
    exec "${run[@]}" --galera -- "${nextest[@]}" "$@"
fi
"${run[@]}" --galera -- "${nextest[@]}" -E 'package(chatkeep-contract) & test(/(^|::|_)mariadb(::|_|$)/)'
CHATKEEP_GALERA_ROUNDS=${CHATKEEP_GALERA_ROUNDS:-5} "${run[@]}" -- "${nextest[@]}" -E 'binary(galera)'
