#!/usr/bin/env bash
# Builds the wheel and the source distribution, and prints the folder that contains both.
#
#   scripts/build-wheel.sh          as published, for Linux systems that are not older than this one
#   scripts/build-wheel.sh --dev    without optimisation; takes seconds if the tests are built
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

profile=release folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/wheel
if [ "${1:-}" = --dev ]; then profile=dev folder=$folder-dev; fi
rm -rf "$folder"
mkdir -p "$folder"
cd python
quietly "$PYTHON_FOLDER/bin/maturin" build --locked --profile "$profile" --out "$folder"
quietly "$PYTHON_FOLDER/bin/maturin" sdist --out "$folder"
echo "$folder"
