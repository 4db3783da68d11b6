#!/usr/bin/env bash
# Prints node/src/addon.ts: the addon's types, as the macros of napi-derive note them down while it is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."

# Another folder than the last time, so that it is compiled anew.
NAPI_TYPE_DEF_TMP_FOLDER=$(mktemp -d)
trap 'rm -rf "$NAPI_TYPE_DEF_TMP_FOLDER"' EXIT
export NAPI_TYPE_DEF_TMP_FOLDER
cargo build --quiet --locked -p chatkeep-node
node scripts/node-addon-types.mjs "$NAPI_TYPE_DEF_TMP_FOLDER/chatkeep-node"
