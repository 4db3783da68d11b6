#!/usr/bin/env bash
# Builds the Python module as the tests use it, and puts the package together outside of the sources.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/python-places.sh
. scripts/python-places.sh

cargo build --quiet --locked -p chatkeep-python
library=${CARGO_TARGET_DIR:-target}/debug/lib_native
if [ -e "$library.dylib" ]; then library=$library.dylib; else library=$library.so; fi
rm -rf "$PYTHON_PACKAGE"
mkdir -p "$PYTHON_PACKAGE"
cp -R python/src/chatkeep "$PYTHON_PACKAGE/chatkeep"
find "$PYTHON_PACKAGE" -name __pycache__ -prune -exec rm -rf {} +
cp "$library" "$PYTHON_PACKAGE/chatkeep/_native.abi3.so"
