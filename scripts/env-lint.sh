# Sourced after cache.sh: the folder of ShellCheck and typos. Its name is a checksum of scripts/requirements.txt.
# shellcheck shell=bash disable=SC2034
LINT_FOLDER=$CHATKEEP_CACHE/lint/$(cksum <scripts/requirements.txt | cut -d' ' -f1)
