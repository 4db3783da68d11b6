#!/usr/bin/env bash
# Runs pytest with the package assembled by `cargo xtask build python`. Run it under chatkeep-testkit, which
# starts the servers.
#
#   chatkeep-testkit run --fast -- scripts/pytest.sh [arguments for pytest]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

# PYTHONDONTWRITEBYTECODE keeps the sources clean; PYTHONSAFEPATH prevents importing them by
# accident.
exec env PYTHONPATH="${CHATKEEP_PYTHON_PACKAGE:-$PYTHON_PACKAGE}" PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 \
    "$PYTHON" -m pytest --config-file=python/pyproject.toml --rootdir=python "$@" python/tests
