# Sourced after cache.sh: where the benchmark's environments are. A changed list is another folder, and so is a changed
# schema of Prisma's, from which code is made.
# shellcheck shell=bash
BENCH_PYTHON_FOLDER=$CHATKEEP_CACHE/bench/python-$(cksum <bench/python/requirements.txt | cut -d' ' -f1)
BENCH_NODE_FOLDER=$CHATKEEP_CACHE/bench/node-$(cat bench/node/package-lock.json bench/node/prisma/*.prisma | cksum | cut -d' ' -f1)
