#!/usr/bin/env bash
# Formats and lints the code of the Node package and the examples in JavaScript.
#
#   scripts/format-node.sh [--check]      --check changes nothing, and fails if it would
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

scripts/setup.sh node
mode=(check --write)
if [ "${1:-}" = --check ]; then mode=(ci); fi
cd node
quietly node_modules/.bin/biome "${mode[@]}" --colors=off --error-on-warnings . ../examples/express ../examples/operations
