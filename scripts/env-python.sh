# Sourced after cache.sh: sets the folder of the Python tools, and that of the package assembled for
# tests.
# shellcheck shell=bash disable=SC2034
# A changed package list selects another folder.
PYTHON_FOLDER=$CHATKEEP_CACHE/python/$(cksum <python/requirements-dev.txt | cut -d' ' -f1)
PYTHON=$PYTHON_FOLDER/bin/python
# The package as installed: its modules and the library.
PYTHON_PACKAGE=$(realpath -m "${CARGO_TARGET_DIR:-target}")/python
PYTHON_RELEASE=$PYTHON_PACKAGE-release
