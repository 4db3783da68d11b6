#!/usr/bin/env bash
# Demonstrates chatkeep on a SQLite file: messages, tokens, a search, and statistics with a chart.
# Run it with `make demo`, or with CHATKEEP=/path/to/chatkeep. It starts with an empty database and
# needs no network.
set -euo pipefail

chatkeep=$(command -v "${CHATKEEP:-chatkeep}") || {
    echo "demo: set CHATKEEP to the built binary, such as target/release/chatkeep" >&2
    exit 2
}
chatkeep=$(cd "$(dirname "$chatkeep")" && pwd)/$(basename "$chatkeep")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

database=db/demo.db
mkdir -p db
rm -f "$database" "$database-wal" "$database-shm"
# Variables of the calling shell may name another database.
unset DB_TYPE DB_HOST DB_PORT DB_NAME DB_USER DB_PASS
export DATABASE_URL=sqlite:///$database

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
    bold='' dim='' plain=''
fi

say() {
    printf '%s# %s%s\n' "$dim" "$*" "$plain"
}

# Prints a command as it would be typed; a long one has one option per line.
prompt() {
    local word separator=' '
    local line="$*"
    [ ${#line} -le 66 ] || separator=$' \\\n      '
    printf '%s$ chatkeep' "$bold"
    for word in "$@"; do
        case $word in
        --*) printf '%s%s' "$separator" "$word" ;;
        *[!A-Za-z0-9_./:=@-]* | '') printf " '%s'" "${word//\'/\'\\\'\'}" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
}

# Prints a command and runs it.
show() {
    prompt "$@"
    printf '%s\n' "$plain"
    "$chatkeep" "$@" 2>&1
    printf '\n'
}

# Prints and runs a command that reads a token from standard input and may fail.
verify() {
    prompt tokens verify
    printf ' <<< %s%s\n' "$1" "$plain"
    "$chatkeep" tokens verify <<<"$1" || printf '%s(exit code %d)%s\n' "$dim" "$?" "$plain"
    printf '\n'
}

say "One variable selects the database. SQLite needs no setup."
printf '%s$ export DATABASE_URL=%s%s\n\n' "$bold" "$DATABASE_URL" "$plain"
show db url

say "Log the messages of users and the responses of the model."
show messages log "What is a write-ahead log?" \
    --response "A file to which every change goes first, so that a crash loses nothing that was committed." \
    --provider openai --model gpt-4o --tokens 73 --timestamp 2025-03-03T09:15:00Z
show messages log "Is it faster, too?" \
    --response "Often: readers no longer wait for the writer." \
    --provider openai --model gpt-4o --tokens 38 --timestamp 2025-03-03T09:16:20Z
show messages log "Write a haiku about databases." \
    --response "Rows fall into place / the log remembers each one / morning restores all" \
    --provider anthropic --model claude-3-5-haiku --tokens 44 --timestamp 2025-03-03T20:40:00Z \
    --metadata '{"user": "u-17", "rating": 5}'

say "Import many messages as JSON Lines."
show messages import examples/conversation.jsonl

say "Read them back."
show messages list --limit 5
show messages search "disk"
show messages count --metadata rating=5

say "Tokens are shown once and stored as hashes."
prompt tokens create --description "mobile app" --expires-days 90
printf '%s\n' "$plain"
token=$("$chatkeep" tokens create --description "mobile app" --expires-days 90)
printf '%s\n\n' "$token"
verify "$token"
case $token in
*0) verify "${token%?}1" ;;
*) verify "${token%?}0" ;;
esac
show tokens list

say "Show statistics."
show messages stats

say "Everything is stored in $database. To explore it:"
printf '  DATABASE_URL=%s %s messages --help\n' "$DATABASE_URL" "$chatkeep"
