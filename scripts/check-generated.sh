#!/usr/bin/env bash
# Files that are made from the code are committed, and must be what the code makes now.
#
#   scripts/check-generated.sh            compares
#   scripts/check-generated.sh --write    writes them anew
set -euo pipefail
cd "$(dirname "$0")/.."

# One function for each file, which prints it. To add a file, add a function and a line to `files`.
cli_page() { cargo run --quiet -p chatkeep-cli -- markdown-help; }
python_stubs() { scripts/python-stubs.sh; }
addon_types() { scripts/node-addon-types.sh; }

# "path:function"
files=(
    docs/cli.md:cli_page
    python/src/chatkeep/_native.pyi:python_stubs
    node/src/addon.ts:addon_types
)

write=
if [ "${1:-}" = --write ]; then write=yes; fi
made=$(mktemp)
trap 'rm -f "$made"' EXIT
outdated=()
for entry in "${files[@]}"; do
    path=${entry%%:*}
    if [ ! -e "$path" ] && [ -z "$write" ]; then
        echo "$path is not kept yet: nothing to compare"
        continue
    fi
    "${entry##*:}" >"$made"
    if cmp -s "$made" "$path"; then
        echo "$path is up to date"
    elif [ -n "$write" ]; then
        mkdir -p "$(dirname "$path")"
        cat "$made" >"$path"
        echo "$path is written"
    else
        diff -u "$path" "$made" >&2 || true
        outdated+=("$path")
    fi
done
if [ "${#outdated[@]}" -gt 0 ]; then
    echo "Out of date: ${outdated[*]}. Run scripts/check-generated.sh --write and commit." >&2
    exit 1
fi
