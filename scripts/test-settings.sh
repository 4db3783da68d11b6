#!/usr/bin/env bash
# Runs the contract suite under server settings that administrators may choose, one after the other.
# Each must give the same results. Settings under which connections are rejected are tested in
# tests/contract/server_settings/rejected.rs.
#
#   scripts/test-settings.sh [ENGINE:NAME=VALUE ...]      default: all settings listed below
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

settings=(
    mariadb:autocommit=0
    mariadb:completion_type=CHAIN
    mariadb:transaction_isolation=SERIALIZABLE
    'mariadb:sql_mode=ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'
    mariadb:max_prepared_stmt_count=40
    mariadb:wait_timeout=3
    mariadb:character_set_server=latin1
    mariadb:innodb_autoinc_lock_mode=2
    mysql:autocommit=0
    mysql:transaction_isolation=SERIALIZABLE
    'mysql:sql_mode=ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'
    mysql:max_prepared_stmt_count=40
    mysql:wait_timeout=3
    mysql:sql_generate_invisible_primary_key=ON
    mysql:character_set_server=latin1
    postgresql:default_transaction_isolation=serializable
    postgresql:standard_conforming_strings=off
    postgresql:quote_all_identifiers=on
    postgresql:TimeZone=Asia/Kolkata
)
if [ $# -gt 0 ]; then settings=("$@"); fi

scripts/xtask.sh setup servers mysql nextest
cargo build --quiet -p chatkeep-testkit
suite=(cargo nextest run --cargo-quiet --show-progress none --profile ci --workspace --all-features)
"${suite[@]}" --no-run

failed=()
for setting in "${settings[@]}"; do
    begin=$SECONDS
    engine=${setting%%:*}
    cases="package(chatkeep-contract) & test(/(^|::|_)$engine(::|_|\$)/)"
    if quietly "${CARGO_TARGET_DIR:-target}/debug/chatkeep-testkit" run --fast --quiet --only "$engine" \
        --setting "$setting" -- "${suite[@]}" -E "$cases"; then
        echo "settings: $setting: ok ($((SECONDS - begin)) s)"
    else
        echo "settings: $setting: FAILED"
        failed+=("$setting")
    fi
done
echo "$((${#settings[@]} - ${#failed[@]})) passed, ${#failed[@]} failed"
[ "${#failed[@]}" -eq 0 ]
