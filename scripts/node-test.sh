#!/usr/bin/env bash
# Tests the Node package that `cargo xtask build node` built. Outside of chatkeep-testkit it tests SQLite only.
#
#   chatkeep-testkit run --fast -- scripts/node-test.sh [--test-name-pattern=... and other options] [files]
#   npm test -- [options] [files]                                          in node/; all files by default
set -euo pipefail

# Paths are relative to the caller's directory.
arguments=()
for argument; do
    if [ -e "$argument" ]; then argument=$(realpath "$argument"); fi
    arguments+=("$argument")
done
set -- ${arguments[@]+"${arguments[@]}"}
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

# The Python package of `cargo xtask build python` and the command, for tests that share a database with them.
export CHATKEEP_TEST_PYTHON=$PYTHON CHATKEEP_TEST_PYTHON_PACKAGE=$PYTHON_PACKAGE
CHATKEEP_TEST_COMMAND=$(realpath -m "${CARGO_TARGET_DIR:-target}")/debug/chatkeep
export CHATKEEP_TEST_COMMAND

files=()
for argument; do
    case $argument in -*) ;; *) files=(named) ;; esac
done
if [ "${#files[@]}" -eq 0 ]; then set -- "$@" node/test/*.test.mjs; fi
# A test that hangs fails after 20 minutes, and the run continues.
exec node --test --test-timeout=1200000 "$@"
