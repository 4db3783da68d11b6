#!/usr/bin/env bash
# Checks that the default build needs no database client library and no OpenSSL, because wheels and
# packages must not.
set -euo pipefail
cd "$(dirname "$0")/.."

forbidden='openssl-sys|openssl-src|native-tls|pq-sys|mysqlclient-sys'
tree=$(cargo tree --quiet --locked --workspace --target all --edges normal,build --prefix none --format '{p}')
found=$(grep -E "^($forbidden) " <<<"$tree" | sort -u || true)
if [ -n "$found" ]; then
    echo "The default build has forbidden dependencies:" >&2
    while read -r name _; do
        cargo tree --quiet --locked --workspace --target all --edges normal,build --invert "$name" >&2
    done <<<"$found"
    exit 1
fi
echo "None of $(wc -l <<<"$tree") lines of the dependency tree is one of: ${forbidden//|/, }"
