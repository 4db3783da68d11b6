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
# A node leaves out the ids of the others, so totals are counted a day later; these cases expect them at once.
later='rows_that_turn_up_late_count|ids_that_another_program_left_out_are_one_gap|a_long_log_is_counted_while_it_is_written'
later+='|what_is_logged_later_is_added_to_what_was_counted|without_a_mark_every_message_is_read'
later+='|statistics_are_exact_while_others_write_and_delete'
cases="package(chatkeep-contract) & test(/(^|::|_)mariadb(::|_|\$)/) - test(/::totals::mariadb::($later)/)"
"${run[@]}" --galera -- "${nextest[@]}" -E "$cases"
CHATKEEP_GALERA_ROUNDS=${CHATKEEP_GALERA_ROUNDS:-5} "${run[@]}" -- "${nextest[@]}" -E 'binary(galera)'
