#!/usr/bin/env bash
# Checks that the committed generated files match the code.
#
#   scripts/check-generated.sh            compares
#   scripts/check-generated.sh --write    regenerates them
set -euo pipefail
cd "$(dirname "$0")/.."

# One function per file, which prints it. To add a file, add a function and a line to `files`.
cli_page() { cargo run --quiet -p chatkeep-cli -- markdown-help; }
addon_types() { scripts/node-addon-types.sh; }

# "path:function"
files=(
    docs/src/cli.md:cli_page
    node/src/addon.ts:addon_types
)

write=
if [ "${1:-}" = --write ]; then write=yes; fi
output=$(mktemp)
trap 'rm -f "$output"' EXIT
outdated=()
for entry in "${files[@]}"; do
    path=${entry%%:*}
    if [ ! -e "$path" ] && [ -z "$write" ]; then
        echo "$path does not exist yet: nothing to compare"
        continue
    fi
    "${entry##*:}" >"$output"
    if cmp -s "$output" "$path"; then
        echo "$path is up to date"
    elif [ -n "$write" ]; then
        mkdir -p "$(dirname "$path")"
        cat "$output" >"$path"
        echo "$path was regenerated"
    else
        diff -u "$path" "$output" >&2 || true
        outdated+=("$path")
    fi
done
if [ "${#outdated[@]}" -gt 0 ]; then
    echo "Out of date: ${outdated[*]}. Run scripts/check-generated.sh --write and commit." >&2
    exit 1
fi
