#!/usr/bin/env bash
# The tests of the Node package that build-node.sh made; wants servers around it.
#
#   chatkeep-testkit run --fast -- scripts/node-test.sh [--test-name-pattern=... and other options] [files]      all files when none is named
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/python-places.sh
. scripts/python-places.sh

# What Python and the command find on the same database; build-python.sh and Cargo made them.
export CHATKEEP_TEST_PYTHON=$PYTHON CHATKEEP_TEST_PYTHON_PACKAGE=$PYTHON_PACKAGE
CHATKEEP_TEST_COMMAND=$(realpath -m "${CARGO_TARGET_DIR:-target}")/debug/chatkeep
export CHATKEEP_TEST_COMMAND

files=()
for argument; do
    case $argument in -*) ;; *) files=(named) ;; esac
done
if [ "${#files[@]}" -eq 0 ]; then set -- "$@" node/test/*.test.mjs; fi
# A test that hangs fails, and the run goes on.
exec node --test --test-timeout=1200000 "$@"
