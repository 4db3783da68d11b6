#!/usr/bin/env bash
# Runs the suites; needs the servers that test.sh starts. Its last line is
# `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."

colour=never
if [ -t 1 ]; then colour=always; fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

without_colour() { sed 's/\x1b\[[0-9;]*m//g' "$log"; }

# Prints the sum of the numbers before a word, over the lines that match a pattern; 0 if there is
# none.
count() { without_colour | sed -nE "/$2/ s/(.*[^0-9])?([0-9]+) $1.*/\2/p" | awk '{ sum += $1 } END { print sum + 0 }'; }

everything=
if [ $# -eq 0 ]; then
    everything=yes
    set -- --workspace
fi
status=0
cargo nextest run --cargo-quiet --show-progress none --color "$colour" --profile ci --all-features "$@" 2>&1 |
    tee "$log" || status=$?
summary='^ +Summary \['
if ! without_colour | grep -qE "$summary"; then
    echo "Running the tests failed." >&2
    exit 1
fi
passed=$(count passed "$summary")
skipped=$(count skipped "$summary")
failed=$(($(count failed "$summary") + $(count 'timed out' "$summary")))

# Examples in the documentation, unless tests are selected.
if [ -n "$everything" ]; then
    if ! cargo test --quiet --doc --workspace --all-features >"$log" 2>&1; then
        cat "$log"
        status=1
    fi
    results='^test result:'
    passed=$((passed + $(count passed "$results")))
    doc_failed=$(count failed "$results")
    skipped=$((skipped + $(count ignored "$results")))
    failed=$((failed + doc_failed))
fi

# Runs a command with the output of pytest and adds its results.
pytest_run() {
    local python_status=0 results='^=* ?[0-9]+ [a-z]+.* in [0-9.]+s'
    "$@" --quiet --no-header --color "$([ "$colour" = always ] && echo yes || echo no)" >"$log" 2>&1 || python_status=$?
    if [ "$python_status" -ne 0 ] || ! without_colour | grep -qE "$results"; then
        cat "$log"
        status=1
    fi
    passed=$((passed + $(count passed "$results")))
    skipped=$((skipped + $(count skipped "$results")))
    failed=$((failed + $(count failed "$results") + $(count 'errors?' "$results")))
}

# Runs a command with the output of `node --test` and adds its results. Only failures are shown.
node_run() {
    local node_status=0
    "$@" >"$log" 2>&1 || node_status=$?
    if [ "$node_status" -ne 0 ] || ! without_colour | grep -qE '^. pass [0-9]+$'; then
        if grep -q 'failing tests:$' "$log"; then sed -n '/failing tests:$/,$p' "$log"; else cat "$log"; fi
        status=1
    fi
    node_count() { without_colour | sed -nE "s/^. $1 ([0-9]+)$/\\1/p" | awk '{ sum += $1 } END { print sum + 0 }'; }
    passed=$((passed + $(node_count pass)))
    skipped=$((skipped + $(node_count skipped)))
    failed=$((failed + $(node_count fail) + $(node_count cancelled)))
}

# The Node package, imported and packed, unless tests are selected.
if [ -n "$everything" ]; then
    node_run scripts/node-test.sh --test-reporter=spec
    node_run scripts/npm.sh --dev --test-reporter=spec
fi

# The Go package, unless tests are selected.
if [ -n "$everything" ]; then
    if ! scripts/go-test.sh -v >"$log" 2>&1; then
        grep -vE '^ *(=== |--- (PASS|SKIP))' "$log"
        status=1
    fi
    go_count() { grep -cE "^--- $1" "$log" || true; }
    passed=$((passed + $(go_count PASS)))
    skipped=$((skipped + $(go_count SKIP)))
    failed=$((failed + $(go_count FAIL)))
fi

# The Python package, imported and packed, unless tests are selected.
if [ -n "$everything" ]; then
    pytest_run scripts/pytest.sh
    pytest_run scripts/wheel.sh --dev
fi

echo "engines: ${CHATKEEP_TEST_ENGINES:-unknown}"
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
