# Sourced by the other scripts: where everything is kept that is fetched or built once, outside the clone.
# shellcheck shell=bash
CHATKEEP_CACHE=${CHATKEEP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/chatkeep}
export CHATKEEP_CACHE
mkdir -p "$CHATKEEP_CACHE"
export PATH="$CHATKEEP_CACHE/tools/bin:$PATH"

# Shows what a command says only when it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then cat "$log" >&2; fi
    rm -f "$log"
    return "$status"
}
