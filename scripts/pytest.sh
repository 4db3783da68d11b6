#!/usr/bin/env bash
# pytest with the package that build-python.sh put together; wants servers around it.
#
#   chatkeep-testkit run --fast -- scripts/pytest.sh [arguments for pytest]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/python-places.sh
. scripts/python-places.sh

# PYTHONDONTWRITEBYTECODE keeps the sources clean; PYTHONSAFEPATH keeps them from being imported by accident.
exec env PYTHONPATH="${CHATKEEP_PYTHON_PACKAGE:-$PYTHON_PACKAGE}" PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1 \
    "$PYTHON" -m pytest --config-file=python/pyproject.toml --rootdir=python "$@" python/tests
