#!/usr/bin/env bash
# Builds the wheel and the source distribution, and prints the folder that holds the two.
#
#   scripts/build-wheel.sh          as it is published, for Linux systems as old as this one
#   scripts/build-wheel.sh --dev    the same parts without optimisation, in seconds where the tests are built
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/python-places.sh
. scripts/python-places.sh

profile=release folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/wheel
if [ "${1:-}" = --dev ]; then profile=dev folder=$folder-dev; fi
rm -rf "$folder"
mkdir -p "$folder"
cd python
quietly "$PYTHON_FOLDER/bin/maturin" build --locked --profile "$profile" --out "$folder"
quietly "$PYTHON_FOLDER/bin/maturin" sdist --out "$folder"
echo "$folder"
