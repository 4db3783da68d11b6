#!/usr/bin/env bash
# Runs tests that take minutes, with optimised builds: from Python and Node, a million calls in
# constant memory, many threads for a minute, 500 short-lived workers, 100 kills of writers and
# servers, and a minute of each fuzz target.
#
#   scripts/endurance.sh [--only postgresql,mariadb,mysql]      only these servers, and SQLite
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

scripts/xtask.sh setup servers mysql python node
cargo build --quiet -p chatkeep-testkit
scripts/xtask.sh build python --release
scripts/xtask.sh build node --release
export CHATKEEP_PYTHON_PACKAGE=$PYTHON_RELEASE
run() { "${CARGO_TARGET_DIR:-target}/debug/chatkeep-testkit" run --fast --quiet "$@"; }
run "$@" -- scripts/pytest.sh -m endurance
run "$@" -- env CHATKEEP_ENDURANCE_CALLS=1000000 scripts/node-test.sh --test-reporter=spec node/test/memory.test.mjs node/test/lifecycle.test.mjs
# The kills need every server.
if [ $# -eq 0 ]; then scripts/kills.sh 100; fi
scripts/fuzz.sh --seconds 60
