#!/usr/bin/env bash
# Builds the Python module and assembles the package outside the sources.
#
#   scripts/build-python.sh              for tests
#   scripts/build-python.sh --release    optimised, for benchmarks, as in a wheel
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

profile=dev folder=debug package=$PYTHON_PACKAGE
if [ "${1:-}" = --release ]; then profile=release folder=release package=$PYTHON_RELEASE; fi
cargo build --quiet --locked --profile "$profile" -p chatkeep-python
library=${CARGO_TARGET_DIR:-target}/$folder/lib_native
if [ -e "$library.dylib" ]; then library=$library.dylib; else library=$library.so; fi
rm -rf "$package"
mkdir -p "$package"
cp -R python/src/chatkeep "$package/chatkeep"
find "$package" -name __pycache__ -prune -exec rm -rf {} +
cp "$library" "$package/chatkeep/_native.abi3.so"
