#!/usr/bin/env bash
# Prints node/src/addon.ts: the types of the addon, which the macros of napi-derive write during
# compilation.
set -euo pipefail
cd "$(dirname "$0")/.."

# A new folder forces a recompilation.
NAPI_TYPE_DEF_TMP_FOLDER=$(mktemp -d)
trap 'rm -rf "$NAPI_TYPE_DEF_TMP_FOLDER"' EXIT
export NAPI_TYPE_DEF_TMP_FOLDER
cargo build --quiet --locked -p chatkeep-node
node scripts/node-addon-types.mjs "$NAPI_TYPE_DEF_TMP_FOLDER/chatkeep-node"
