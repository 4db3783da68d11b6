#!/usr/bin/env bash
# Packs the npm packages and tests their contents, their dependencies, and that they work in an
# empty folder. Needs no servers.
#
#   scripts/npm.sh [--dev] [--platform TRIPLE] [arguments for node --test]      --dev and --platform as for `cargo xtask build npm`
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

scripts/xtask.sh setup node
build=()
case ${1:-} in
--dev) build=(--dev) ;;
--platform) build=(--platform "$2") ;;
esac
shift "${#build[@]}"
CHATKEEP_NPM=$(scripts/xtask.sh build npm ${build[@]+"${build[@]}"})
export CHATKEEP_NPM
if [ "${build[0]:-}" = --platform ]; then export CHATKEEP_GLIBC=2.28; fi
node --test "$@" node/test-package/*.test.mjs
