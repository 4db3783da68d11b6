#!/usr/bin/env bash
# Installs the tools of `make docs` into the cache folder: Sphinx (docs/requirements.txt), and TypeDoc and linkinator
# (docs/package-lock.json). All versions are pinned. setup.sh compiles mdBook. Prints nothing if everything is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-docs.sh
. scripts/env-docs.sh

say() { echo "setup: $*" >&2; }

# Python and Node themselves.
scripts/setup-python.sh
scripts/setup-node.sh

if [ ! -e "$DOCS_PYTHON_FOLDER/done" ]; then
    say "installing the Python packages for the documentation"
    rm -rf "$DOCS_PYTHON_FOLDER"
    python3 -m venv "$DOCS_PYTHON_FOLDER"
    quietly "$DOCS_PYTHON_FOLDER/bin/python" -m pip install --quiet --no-deps --disable-pip-version-check \
        -r docs/requirements.txt
    touch "$DOCS_PYTHON_FOLDER/done"
fi
if [ ! -e "$DOCS_NODE_FOLDER/done" ]; then
    say "installing the Node packages for the documentation"
    rm -rf "$DOCS_NODE_FOLDER"
    mkdir -p "$DOCS_NODE_FOLDER"
    cp docs/package.json docs/package-lock.json "$DOCS_NODE_FOLDER"
    (cd "$DOCS_NODE_FOLDER" && quietly npm ci --ignore-scripts --no-audit --no-fund)
    touch "$DOCS_NODE_FOLDER/done"
fi
