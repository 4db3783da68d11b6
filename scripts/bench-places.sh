# Sourced after cache.sh: where the benchmark's environments are. A changed list is another folder.
# shellcheck shell=bash
BENCH_PYTHON_FOLDER=$CHATKEEP_CACHE/bench/python-$(cksum <bench/python/requirements.txt | cut -d' ' -f1)
BENCH_NODE_FOLDER=$CHATKEEP_CACHE/bench/node-$(cksum <bench/node/package-lock.json | cut -d' ' -f1)
