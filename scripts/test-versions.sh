#!/usr/bin/env bash
# Runs the contract suite on the oldest and the newest servers: PostgreSQL 14 and MariaDB 10.11,
# then PostgreSQL 18 and MariaDB 11.8.
#
#   scripts/test-versions.sh [oldest] [newest]      default: both
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

scripts/xtask.sh setup servers nextest node
cargo build --quiet -p chatkeep-testkit
# The whole workspace, so that nothing is compiled again with other features.
nextest=(cargo nextest run --cargo-quiet --show-progress none --profile ci --all-features --workspace)
"${nextest[@]}" --no-run

contract() {
    local postgresql=$1 mariadb=$2
    TESTKIT_POSTGRESQL_HOME=$(scripts/xtask.sh setup-server postgresql "$postgresql")
    TESTKIT_MARIADB_HOME=$(scripts/xtask.sh setup-server mariadb "$mariadb")
    export TESTKIT_POSTGRESQL_HOME TESTKIT_MARIADB_HOME
    "${CARGO_TARGET_DIR:-target}/debug/chatkeep-testkit" run --fast --only postgresql,mariadb -- "${nextest[@]}" \
        -E 'package(chatkeep-contract) & test(/(^|::|_)(postgresql|mariadb)(::|_|$)/)'
}

for name in "${@:-oldest newest}"; do
    for versions in $name; do
        case $versions in
        oldest) contract 14.23.0-beta.17 bookworm ;;
        newest) contract 18.4.0-beta.17 trixie ;;
        *)
            echo "usage: scripts/test-versions.sh [oldest] [newest]" >&2
            exit 2
            ;;
        esac
    done
done
