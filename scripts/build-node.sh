#!/usr/bin/env bash
# Builds the Node package in node/dist: the addon with Cargo, and the TypeScript sources with tsc.
#
#   scripts/build-node.sh              for development and tests; also `npm run build` in node/
#   scripts/build-node.sh --release    optimised, for benchmarks
#
# The addon is the dynamic library that Cargo builds, under another name.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/xtask.sh setup node

profile=dev folder=debug
if [ "${1:-}" = --release ]; then profile=release folder=release; fi
cargo build --quiet --locked --profile "$profile" -p chatkeep-node
library=
for name in libchatkeep_node.so libchatkeep_node.dylib chatkeep_node.dll; do
    if [ -e "${CARGO_TARGET_DIR:-target}/$folder/$name" ]; then library=${CARGO_TARGET_DIR:-target}/$folder/$name; fi
done
rm -rf node/dist
node/node_modules/.bin/tsc -p node
cp node/src/addon.ts node/dist/addon.d.ts
platform=$(node -p 'require("./node/dist/platform.js").platform()')
# node/dist was removed above, so this does not overwrite a library that a running program has open.
cp "$library" "node/dist/chatkeep.$platform.node"
