# Sourced after cache.sh: sets the folder of the Node package's tools. A changed package list
# selects another folder.
# shellcheck shell=bash disable=SC2034
NODE_FOLDER=$CHATKEEP_CACHE/node/$(cksum <node/package-lock.json | cut -d' ' -f1)
