#!/usr/bin/env bash
# Runs the contract suite on a private Galera cluster of three nodes, then the fault cases of
# clusters, repeatedly.
#
#   scripts/galera.sh [arguments for cargo nextest run]      the contract suite with these arguments only
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

scripts/xtask.sh setup servers galera nextest
cargo build --quiet -p chatkeep-testkit
# The whole workspace, so that nothing is compiled again with other features.
nextest=(cargo nextest run --cargo-quiet --show-progress none --profile ci --all-features --workspace)
"${nextest[@]}" --no-run
run=("${CARGO_TARGET_DIR:-target}/debug/chatkeep-testkit" run --fast --quiet --only mariadb)

if [ $# -gt 0 ]; then
    exec "${run[@]}" --galera -- "${nextest[@]}" "$@"
fi
# A node skips the ids of the other nodes, so its totals are counted only a day later. These cases
# expect them at once.
later='late_commits_are_counted|skipped_ids_are_one_gap|a_long_log_is_counted_in_the_background'
later+='|messages_logged_after_a_count_are_included|without_a_watermark_every_message_is_read'
later+='|statistics_are_exact_during_concurrent_writes_and_deletions'
cases="package(chatkeep-contract) & test(/(^|::|_)mariadb(::|_|\$)/) - test(/::totals(_gaps)?::mariadb::($later)/)"
"${run[@]}" --galera -- "${nextest[@]}" -E "$cases"
CHATKEEP_GALERA_ROUNDS=${CHATKEEP_GALERA_ROUNDS:-5} "${run[@]}" -- "${nextest[@]}" -E 'binary(galera)'
