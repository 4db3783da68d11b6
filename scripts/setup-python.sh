#!/usr/bin/env bash
# Sets up the test and lint tools of the Python package in the cache folder: Python with the pinned
# packages of python/requirements-dev.txt. Prints nothing if all is set up.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

say() { echo "setup: $*" >&2; }

[ ! -e "$PYTHON_FOLDER/done" ] || exit 0
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "please install this (Debian's name), then try again: python3-venv"
        exit 1
    fi
    say "installing python3-venv"
    quietly apt-get -q update || say "apt-get update failed; using the existing package lists"
    quietly env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        install --no-install-recommends python3-venv
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { say "the tests need Python 3.11 or later"; exit 1; }
say "fetching Python packages for the tests, once"
rm -rf "$PYTHON_FOLDER"
python3 -m venv "$PYTHON_FOLDER"
quietly "$PYTHON" -m pip install --quiet --no-deps --disable-pip-version-check -r python/requirements-dev.txt
touch "$PYTHON_FOLDER/done"
