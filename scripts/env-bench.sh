# Sourced after cache.sh: sets the folders of the benchmark's environments. A changed package list
# selects another folder, as does a changed Prisma schema, from which code is generated.
# shellcheck shell=bash disable=SC2034
BENCH_PYTHON_FOLDER=$CHATKEEP_CACHE/bench/python-$(cksum <bench/python/requirements.txt | cut -d' ' -f1)
BENCH_NODE_FOLDER=$CHATKEEP_CACHE/bench/node-$(cat bench/node/package-lock.json bench/node/prisma/*.prisma | cksum | cut -d' ' -f1)
