#!/usr/bin/env bash
# Formats the Node package's code and the examples in JavaScript, and puts their imports in order.
#
#   scripts/format-node.sh [--check]      --check changes nothing, and fails where it would, or where a rule is broken
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh node
mode=(check --write)
if [ "${1:-}" = --check ]; then mode=(ci); fi
cd node
node_modules/.bin/biome "${mode[@]}" --colors=off --error-on-warnings . ../examples/express
