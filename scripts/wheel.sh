#!/usr/bin/env bash
# Builds the wheel and the source distribution and tests their contents, their dependencies, and
# that they work in an empty environment. Needs no servers.
#
#   scripts/wheel.sh [--dev] [arguments for pytest]      --dev as for `cargo xtask build wheel`
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

scripts/xtask.sh setup python
build=()
if [ "${1:-}" = --dev ]; then
    build=(--dev)
    shift
fi
CHATKEEP_WHEELS=$(scripts/xtask.sh build wheel "${build[@]}")
export CHATKEEP_WHEELS
PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 \
    "$PYTHON" -m pytest --config-file=python/pyproject.toml --rootdir=python "$@" python/tests-wheel
if [ "${#build[@]}" -eq 0 ]; then ls -sh "$CHATKEEP_WHEELS"; fi
