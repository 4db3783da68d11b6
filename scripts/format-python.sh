#!/usr/bin/env bash
# Formats the Python code.
#
#   scripts/format-python.sh [--check]      --check changes nothing, and fails if it would
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

scripts/xtask.sh setup python
"$PYTHON_FOLDER/bin/ruff" format --quiet --no-cache --config python/pyproject.toml "$@" python bench examples docs/python
