#!/usr/bin/env bash
# Builds the documentation in target/site: the guides (mdBook), and the references of Rust (rustdoc), Python (Sphinx) and
# Node (TypeDoc). Warnings and dead internal links are errors.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh
# shellcheck source=scripts/env-python.sh
. scripts/env-python.sh
# shellcheck source=scripts/env-docs.sh
. scripts/env-docs.sh

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
site=$target/site
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() {
    local name=$1 begin=$SECONDS
    shift
    quietly "$@" || { echo "docs: $name: FAILED"; exit 1; }
    echo "docs: $name: ok ($((SECONDS - begin)) s)"
}

# mdBook has no option that turns warnings into errors.
guides() {
    local status=0
    mdbook build docs --dest-dir "$site" >"$log" 2>&1 || status=1
    cat "$log"
    [ "$status" -eq 0 ] && ! grep -qE '\b(WARN|ERROR)\b' "$log"
}

# Pages of renamed items would stay in the folder, so it is emptied first.
rust_reference() {
    cargo clean --quiet --doc
    RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --all-features \
        -p chatkeep -p chatkeep-core -p chatkeep-pool -p chatkeep-transfer || return
    cp -R "$target/doc" "$site/rust"
}

python_reference() {
    scripts/build-python.sh || return
    PYTHONPATH=$PYTHON_PACKAGE PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 "$DOCS_PYTHON_FOLDER/bin/python" -m sphinx \
        --builder html --fail-on-warning --keep-going --fresh-env --quiet \
        --doctree-dir "$target/doctrees" docs/python "$site/python"
}

node_reference() { "$DOCS_NODE_FOLDER/node_modules/.bin/typedoc" --options docs/typedoc.json --out "$site/node"; }

# rustdoc checks the fragments of its own links. It writes them percent-encoded, which linkinator does not resolve, and it
# names scripts that exist only for traits with implementations.
links() {
    local check=("$DOCS_NODE_FOLDER/node_modules/.bin/linkinator" "$site" --recurse --verbosity error
        --skip '^https?://(?!localhost)')
    "${check[@]}" --check-fragments --skip '/rust/' || return
    "${check[@]}" --skip '/rust/(src|trait\.impl)/'
}

scripts/xtask.sh setup docs
step guides guides
step "Rust reference" rust_reference
step "Python reference" python_reference
step "Node reference" node_reference
step links links
echo "docs: open $site/index.html"
