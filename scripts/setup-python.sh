#!/usr/bin/env bash
# Sets up what the Python package is tested and checked with, in the cache folder: Python with the packages of
# python/requirements-dev.txt, which are pinned. Prints nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/python-places.sh
. scripts/python-places.sh

say() { echo "setup: $*" >&2; }

[ ! -e "$PYTHON_FOLDER/done" ] || exit 0
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "please install this (Debian's name), then try again: python3-venv"
        exit 1
    fi
    say "installing python3-venv"
    quietly apt-get -q update || say "apt-get update failed; going on with the package lists that are here"
    quietly env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        install --no-install-recommends python3-venv
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "Python 3.11 or later is needed for the tests"; exit 1; }
say "fetching Python packages for the tests, once"
rm -rf "$PYTHON_FOLDER"
python3 -m venv "$PYTHON_FOLDER"
quietly "$PYTHON" -m pip install --quiet --no-deps --disable-pip-version-check -r python/requirements-dev.txt
touch "$PYTHON_FOLDER/done"
