#!/usr/bin/env bash
# Prints the types of the compiled Python module, python/src/chatkeep/_native.pyi.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

scripts/build-python.sh
PYTHONPATH=$PYTHON_PACKAGE PYTHONSAFEPATH=1 "$PYTHON" python/stubs.py |
    "$PYTHON_FOLDER/bin/ruff" format --config python/pyproject.toml --stdin-filename _native.pyi -
