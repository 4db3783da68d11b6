#!/usr/bin/env bash
# Builds the C library and tests the Go package. Outside of chatkeep-testkit it tests SQLite only.
#
#   chatkeep-testkit run --fast -- scripts/go-test.sh [arguments for go test]
#   scripts/go-test.sh --style        checks the format and runs go vet instead
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/cache.sh
. scripts/cache.sh

scripts/setup-go.sh
profile=${CHATKEEP_GO_PROFILE:-dev}
cargo build --quiet -p chatkeep-c --profile "$profile"
folder=${profile/dev/debug}
CGO_LDFLAGS=-L$(realpath "${CARGO_TARGET_DIR:-target}")/$folder
# No module is fetched: the package and its examples use the standard library only.
export CGO_LDFLAGS CGO_ENABLED=1 GOFLAGS=-mod=mod GOPROXY=off GOCACHE=$CHATKEEP_CACHE/go

if [ "${1:-}" = --style ]; then
    unformatted=$(gofmt -l go examples)
    if [ -n "$unformatted" ]; then
        echo "Not formatted; run gofmt -w $unformatted" >&2
        exit 1
    fi
    (cd go && go vet ./...)
    (cd examples/go && go vet ./...)
    exit
fi
# Go does not see a changed library, so its cached test results are not used.
(cd go && go test -count=1 -timeout 20m "$@" ./...)
(cd examples/go && go test -count=1 -timeout 5m "$@" ./...)
