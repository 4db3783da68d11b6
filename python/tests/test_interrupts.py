"""Ctrl-C on the main thread interrupts a waiting call with `KeyboardInterrupt`."""

import signal
import socket
import time

import chatkeep
import pytest
from programs import start

#: Maximum seconds until the interrupt: far less than the deadlines of the calls, and enough for a
#: busy machine.
MAX_DELAY = 5.0


def interrupt(code, *arguments):
    """Sends Ctrl-C to a program during a call; returns its output and the delay in seconds."""
    program = start(code, *arguments, DB_MAX_RETRIES="100")
    try:
        assert program.stdout.readline() == "calling\n"
        time.sleep(0.3)
        begin = time.monotonic()
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=60)
    finally:
        program.kill()
    assert err == ""
    return out, time.monotonic() - begin


WAITING = """
    import sys
    import chatkeep

    chat = chatkeep.Chatkeep(sys.argv[1], connect_timeout=60, query_timeout=60, pool_timeout=60)
    print("calling", flush=True)
    try:
        {call}
    except KeyboardInterrupt as error:
        assert type(error.__cause__) is chatkeep.CallInterruptedError
        print("interrupted", flush=True)
    """


@pytest.mark.parametrize(
    "call", ['chat.message_logger.log_message("b")', "chat.message_logger.delete_old_messages(1)"]
)
def test_ctrl_c_interrupts_a_call_on_a_locked_file(sqlite, call):
    with chatkeep.Chatkeep(sqlite.url) as chat:
        chat.message_logger.log_message("a", timestamp="2000-01-01")
    holder = start(
        """
        import sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        sys.stdin.read()
        """,
        sqlite.url.removeprefix("sqlite:///"),
    )
    try:
        assert holder.stdout.readline() == "locked\n"
        out, delay = interrupt(WAITING.format(call=call), sqlite.url)
    finally:
        holder.kill()
        holder.communicate()
    assert out == "interrupted\n"
    assert delay < MAX_DELAY
    with chatkeep.Chatkeep(sqlite.url) as chat:
        assert chat.message_logger.get_message_count() == 1


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_ctrl_c_interrupts_a_call_on_a_silent_server(scheme):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"{scheme}://bot:secret@127.0.0.1:{listener.getsockname()[1]}/chat"
        out, delay = interrupt(WAITING.format(call="chat.message_logger.get_message_count()"), url)
    assert out == "interrupted\n"
    assert delay < MAX_DELAY


def test_ctrl_c_interrupts_a_call_on_a_locked_table(server):
    with chatkeep.Chatkeep(server.url) as chat:
        chat.message_logger.log_message("a")
    with server.connection() as connection, connection.cursor() as cursor:
        if server.engine == "postgresql":
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        else:
            cursor.execute("LOCK TABLES messages WRITE")
        out, delay = interrupt(
            WAITING.format(call='chat.message_logger.log_message("b")'), server.url
        )
    assert out == "interrupted\n"
    assert delay < MAX_DELAY


def test_signal_handler_that_returns_does_not_interrupt_the_call(sqlite):
    program = start(
        """
        import signal, sys, threading, time, os
        import chatkeep

        handled = []
        signal.signal(signal.SIGUSR1, lambda *_: handled.append(1))
        log = chatkeep.Chatkeep(sys.argv[1]).message_logger
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        while not handled:
            log.log_message("a")
        print(log.get_message_count() > 0)
        """,
        sqlite.url,
    )
    out, err = program.communicate(timeout=60)
    assert (out, err, program.returncode) == ("True\n", "", 0)
