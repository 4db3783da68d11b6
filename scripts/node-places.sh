# Sourced after cache.sh: where the Node package's tools are. A changed list is another folder.
# shellcheck shell=bash
NODE_FOLDER=$CHATKEEP_CACHE/node/$(cksum <node/package-lock.json | cut -d' ' -f1)
