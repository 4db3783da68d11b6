#!/usr/bin/env bash
# Runs all checks that are not tests. All steps run, and failing ones show their output.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh
# shellcheck source=scripts/env-lint.sh
. scripts/env-lint.sh

# `set -e` has no effect on commands that run under `if`, so the functions below return explicitly
# on a failure.
failed=()
step() {
    local name=$1 begin=$SECONDS
    shift
    if quietly "$@"; then
        echo "check: $name: ok ($((SECONDS - begin)) s)"
    else
        echo "check: $name: FAILED"
        failed+=("$name")
    fi
}

scripts_parse() {
    local script
    for script in scripts/*.sh .ci/run examples/*.sh; do
        [ ! -e "$script" ] || bash -n "$script" || return
    done
    # The benchmark's competitors, if their languages are installed.
    if command -v python3 >/dev/null; then
        for script in bench/*/*.py; do
            python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$script" || return
        done
    fi
    if command -v node >/dev/null; then
        for script in bench/node/*.mjs; do node --check "$script" || return; done
    fi
}

denied() {
    cargo deny --log-level warn check bans licenses sources || return
    # The list of known vulnerabilities is fetched, so it is checked only on request.
    [ "${CHATKEEP_ONLINE:-0}" != 1 ] || cargo deny --log-level warn check advisories
}

shell_style() { "$LINT_FOLDER/bin/shellcheck" .ci/run examples/*.sh scripts/*.sh; }

python_style() {
    local ruff=$PYTHON_FOLDER/bin/ruff
    scripts/format-python.sh --check || return
    "$ruff" check --no-cache --quiet --config python/pyproject.toml python examples docs/python || return
    # The benchmark is not a package; its README replaces most docstrings.
    "$ruff" check --no-cache --quiet --config python/pyproject.toml --select E,F,I,W --ignore E501 bench
}

scripts/setup.sh deny lint python node
step format cargo fmt --all --check
step "format of bench/sqlx" cargo fmt --manifest-path bench/sqlx/Cargo.toml --check
step "format of fuzz" cargo fmt --manifest-path fuzz/Cargo.toml --check
step scripts scripts_parse
step shellcheck shell_style
step typos "$LINT_FOLDER/bin/typos" --format brief
step words cargo xtask words
step "format of Python" python_style
step "format of Node" scripts/format-node.sh --check
step "style of Go" scripts/go-test.sh --style
step "types of Node" node/node_modules/.bin/tsc --project node --noEmit
step clippy cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings
step documentation env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --workspace --all-features
step licences denied
step dependencies scripts/check-dependencies.sh
step "generated files" scripts/check-generated.sh

if [ "${#failed[@]}" -gt 0 ]; then
    echo "check: failed: ${failed[*]}" >&2
    exit 1
fi
