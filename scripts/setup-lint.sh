#!/usr/bin/env bash
# Installs ShellCheck and typos (scripts/requirements.txt, pinned) into the cache folder. Prints nothing if they are installed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-lint.sh
. scripts/env-lint.sh

[ ! -e "$LINT_FOLDER/done" ] || exit 0
# Installs Python's venv module if it is missing.
scripts/setup-python.sh
echo "setup: installing ShellCheck and typos" >&2
rm -rf "$LINT_FOLDER"
python3 -m venv "$LINT_FOLDER"
quietly "$LINT_FOLDER/bin/python" -m pip install --quiet --no-deps --only-binary :all: --disable-pip-version-check \
    -r scripts/requirements.txt
touch "$LINT_FOLDER/done"
