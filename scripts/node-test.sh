#!/usr/bin/env bash
# The tests of the Node package that build-node.sh made; wants servers around it.
#
#   chatkeep-testkit run --fast -- scripts/node-test.sh [--test-name-pattern=... and other options] [files]      all files when none is named
set -euo pipefail
cd "$(dirname "$0")/.."

files=()
for argument; do
    case $argument in -*) ;; *) files=(named) ;; esac
done
if [ "${#files[@]}" -eq 0 ]; then set -- "$@" node/test/*.test.mjs; fi
# A test that hangs fails, and the run goes on.
exec node --test --test-timeout=1200000 "$@"
