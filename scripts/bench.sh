#!/usr/bin/env bash
# Runs the benchmark of chatkeep and its alternatives on durable private servers. See
# bench/README.md.
#
#   QUICK=1         short rounds and fewer peers: a few minutes
#   ONLY=a,b        only these engines, paths, studies, numbers of callers, competitors, languages
#   ROUNDS=5 SECONDS_EACH=1
#   MESSAGES=1000000  number of messages copied between engines
#   VARIANTS="chatkeep,DB_WRITERS=1 chatkeep,program=old/chatkeep-bench"
#                   competitors that run again with environment variables or from another build
#   CPUS=0 SERVER_CPUS=1  CPUs of competitors and servers; all by default
#   RESULTS=folder  default: bench/results, or bench/results/latest for a partial run
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-bench.sh
. scripts/env-bench.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh

scripts/xtask.sh setup servers mysql bench

arguments=(--python "$BENCH_PYTHON_FOLDER/bin/python" --node-modules "$BENCH_NODE_FOLDER")
results=bench/results
if [ -n "${QUICK:-}" ]; then arguments+=(--quick); fi
if [ -n "${ONLY:-}" ]; then arguments+=(--only "$ONLY"); fi
if [ -n "${ROUNDS:-}" ]; then arguments+=(--rounds "$ROUNDS"); fi
if [ -n "${SECONDS_EACH:-}" ]; then arguments+=(--seconds "$SECONDS_EACH"); fi
if [ -n "${MESSAGES:-}" ]; then arguments+=(--messages "$MESSAGES"); fi
for variant in ${VARIANTS:-}; do arguments+=(--variant "$variant"); done
if [ -n "${CPUS:-}" ]; then arguments+=(--cpus "$CPUS"); fi
if [ -n "${SERVER_CPUS:-}" ]; then arguments+=(--server-cpus "$SERVER_CPUS"); fi
if [ "${#arguments[@]}" -gt 4 ]; then results=bench/results/latest; fi
results=${RESULTS:-$results}

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
echo "bench: building" >&2
cargo build --quiet --release --locked -p chatkeep-bench -p chatkeep-cli
# A quick run without a selection does not include sqlx.
if [ -z "${QUICK:-}" ] || [ -n "${ONLY:-}" ]; then
    # A separate target folder, because it is another workspace.
    cargo build --quiet --release --locked --manifest-path bench/sqlx/Cargo.toml --target-dir "$target/bench-sqlx"
    arguments+=(--sqlx "$target/bench-sqlx/release/chatkeep-bench-sqlx")
fi
scripts/build-python.sh --release
scripts/build-node.sh --release
arguments+=(--package "$PYTHON_RELEASE")
arguments+=(--chatkeep "$target/release/chatkeep" --results "$results")

# The failure of a competitor is in the tables and in the exit status; the plots show the others.
status=0
"$target/release/chatkeep-bench" run "${arguments[@]}" || status=$?
if [ -e "$results/results.json" ]; then
    "$BENCH_PYTHON_FOLDER/bin/python" bench/plots/plot.py "$results"
fi
exit "$status"
