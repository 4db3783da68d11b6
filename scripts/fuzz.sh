#!/usr/bin/env bash
# Runs the fuzz targets of fuzz/ in sequence. Fails at the first input that crashes, takes 10
# seconds, or needs more than 256 MB; libFuzzer prints the input and its file in fuzz/artifacts.
#
#   scripts/fuzz.sh [--seconds 60] [target…]      all targets unless some are named
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

seconds=60
if [ "${1:-}" = --seconds ]; then
    seconds=$2
    shift 2
fi
scripts/xtask.sh setup fuzz
# Instrumentation is an unstable option, which the stable compiler accepts with this variable.
export RUSTC_BOOTSTRAP=1
# Everything that is instrumented is safe Rust, and a sanitizer's own memory would count against the
# limit.
options=(--sanitizer none --target-dir "${CARGO_TARGET_DIR:-$PWD/target}/fuzz")
if [ $# -eq 0 ]; then mapfile -t targets < <(cargo fuzz list); else targets=("$@"); fi
quietly cargo fuzz build "${options[@]}"

# Files of the targets are in memory if possible.
TMPDIR=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

dictionary() {
    case $1 in
    url | timestamp) echo "-dict=fuzz/dictionaries/$1.dict" ;;
    metadata | import | archive) echo "-dict=fuzz/dictionaries/json.dict" ;;
    esac
}

for target in "${targets[@]}"; do
    # New inputs are stored in fuzz/corpus, with which later runs start; the seeds are only read.
    mkdir -p "fuzz/corpus/$target"
    log=$(mktemp)
    # shellcheck disable=SC2046 # no dictionary is no argument
    if ! cargo fuzz run "${options[@]}" "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=256 -max_len=4096 -print_final_stats=1 $(dictionary "$target") \
        >"$log" 2>&1; then
        # Prints the log from the panic, or from libFuzzer's report of the limit, to the path of the
        # file.
        sed -n '/panicked at\|^==[0-9]*==/,/^Minimize/p' "$log"
        echo "fuzz: $target: FAILED" >&2
        exit 1
    fi
    echo "fuzz: $target: no finding; $(sed -nE 's/^Done ([0-9]+) runs in ([0-9]+) second.*/\1 executions in \2 s/p' "$log")," \
        "at most $(sed -nE 's/^stat::peak_rss_mb: +//p' "$log") MB"
done
