# Sourced after cache.sh: the folders of the tools that build the documentation. Each folder's name is a checksum of its pinned
# versions.
# shellcheck shell=bash disable=SC2034
DOCS_PYTHON_FOLDER=$CHATKEEP_CACHE/docs/python-$(cat docs/requirements.txt python/requirements-dev.txt | cksum | cut -d' ' -f1)
DOCS_NODE_FOLDER=$CHATKEEP_CACHE/docs/node-$(cksum <docs/package-lock.json | cut -d' ' -f1)
