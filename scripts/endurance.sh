#!/usr/bin/env bash
# Python's tests that take minutes, with the optimised module: a million calls with flat memory, many threads for a minute.
#
#   scripts/endurance.sh [--only postgresql,mariadb,mysql]      these servers, and SQLite
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/python-places.sh
. scripts/python-places.sh

scripts/setup.sh servers mysql python
cargo build --quiet -p chatkeep-testkit
scripts/build-python.sh --release
export CHATKEEP_PYTHON_PACKAGE=$PYTHON_RELEASE
exec "${CARGO_TARGET_DIR:-target}/debug/chatkeep-testkit" run --fast --quiet "$@" -- scripts/pytest.sh -m endurance
