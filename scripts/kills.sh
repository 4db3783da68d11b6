#!/usr/bin/env bash
# Kills programs and servers (SIGKILL) while 16 writers log messages, on every engine, and checks
# that every acknowledged message is stored exactly once. Three tenths of the kills are of servers,
# the rest of programs.
#
#   scripts/kills.sh [1000]      number of kills over all engines
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

kills=${1:-1000}
scripts/xtask.sh setup servers mysql nextest
cargo build --quiet -p chatkeep-testkit
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
run() {
    CHATKEEP_FAULTS_KILLS=$1 "${CARGO_TARGET_DIR:-target}/debug/chatkeep-testkit" run --fast --quiet -- \
        cargo nextest run --cargo-quiet --workspace --all-features --no-fail-fast --color never --show-progress none \
        --status-level fail --success-output final -E "binary(faults) & test(/$2/)" >"$log.run" 2>&1 || status=1
    sed -nE 's/^ *(kills: .*)/\1/p' "$log.run" | tee -a "$log"
    if [ "$status" -ne 0 ]; then cat "$log.run" >&2; fi
    rm -f "$log.run"
}
servers=$((kills / 10))
programs=$(((kills - 3 * servers + 3) / 4))
run "$programs" 'killed::every_acknowledged_message_survives_a_kill::'
run "$servers" 'killed::every_acknowledged_message_survives_a_kill_of_the_server::'
awk '{ cases++; kills += $4; acknowledged += $6; stored += $8; unknown += $10; failed += $12 }
    END {
        printf "kills: %d kills in %d cases: %d acknowledged, %d stored, %d unknown, %d failed\n",
            kills, cases, acknowledged, stored, unknown, failed
    }' "$log"
exit "$status"
