# Sourced by the other scripts. Sets the cache folder, outside the clone, for everything that is
# fetched or built once.
# shellcheck shell=bash
CHATKEEP_CACHE=${CHATKEEP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/chatkeep}
export CHATKEEP_CACHE
mkdir -p "$CHATKEEP_CACHE"
export PATH="$CHATKEEP_CACHE/tools/bin:$PATH"

# Runs a command and shows its output only if it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then cat "$log" >&2; fi
    rm -f "$log"
    return "$status"
}
