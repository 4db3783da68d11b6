#!/usr/bin/env bash
# Builds the addon, and puts the Node package together in node/dist.
#
#   scripts/build-node.sh              as the tests use it
#   scripts/build-node.sh --release    as the benchmark measures it, and npm has it
#
# Cargo and tsc do all of it: an addon is a library that Cargo builds, under another name.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup-node.sh

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
# Copied anew rather than written over: a running program may have the old one open.
cp "$library" "node/dist/chatkeep.$platform.node"
