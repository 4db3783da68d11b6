"""A panic raises an exception and does not abort the interpreter."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from programs import environment

PROGRAM = """
import ctypes
import chatkeep

clock = ctypes.PyDLL(None).break_clock
log = chatkeep.Chatkeep("sqlite:///:memory:").message_logger
log.log_message("before")
clock(1)
try:
    log.log_message("during")
except chatkeep.InternalError as error:
    details = (error.kind, error.operation, error.retryable, "panic" in str(error))
finally:
    clock(0)
print(details, log.log_message("after") > 0)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="requires LD_PRELOAD")
def test_panic_raises_internal_error_and_the_process_continues(tmp_path):
    compiler = shutil.which("cc")
    assert compiler, "a C compiler is required, as for linking Rust"
    library = tmp_path / "broken_clock.so"
    source = Path(__file__).parent / "support" / "broken_clock.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(LD_PRELOAD=str(library)),
    )
    assert done.stdout == "('Internal', 'log_message', False, True) True\n", done.stderr
    assert done.returncode == 0
