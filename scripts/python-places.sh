# Sourced after cache.sh: where Python's tools are, and where the package is put together for tests.
# shellcheck shell=bash
# A changed list is another folder.
PYTHON_FOLDER=$CHATKEEP_CACHE/python/$(cksum <python/requirements-dev.txt | cut -d' ' -f1)
PYTHON=$PYTHON_FOLDER/bin/python
# The package as it is installed: its modules, and the library beside them.
PYTHON_PACKAGE=$(realpath -m "${CARGO_TARGET_DIR:-target}")/python
PYTHON_RELEASE=$PYTHON_PACKAGE-release
