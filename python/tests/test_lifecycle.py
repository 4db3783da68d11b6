"""Forks, spawned processes, and interpreter shutdown."""

import multiprocessing
import os
import subprocess
import sys

import chatkeep
import pytest
from children import log_in_a_child
from programs import environment, run, start


def test_forked_child_uses_the_store_of_its_parent(database):
    out = run(
        """
        import asyncio, os, sys, warnings
        warnings.simplefilter("ignore")
        import chatkeep
        from chatkeep.asyncio import Chatkeep

        chat = chatkeep.Chatkeep(sys.argv[1])
        log, again = chat.message_logger, Chatkeep.of(chat).message_logger
        token = chat.token_manager.create_token()["token"]

        async def some(name):
            await asyncio.gather(*(again.log_message(name) for _ in range(20)))

        log.log_message("parent")
        asyncio.run(some("parent"))
        children = []
        for number in range(4):
            child = os.fork()
            if child == 0:
                log.log_message("child")
                asyncio.run(some("child"))
                assert chat.token_manager.verify_token(token)
                chat.flush()
                os._exit(0)
            children.append(child)
        asyncio.run(some("parent"))
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
        log.log_message("parent")
        texts = [message["user_message"] for message in log.iter_messages()]
        print(texts.count("parent"), texts.count("child"))
        """,
        database.url,
    )
    assert out == "42 84\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_children_log_messages(database, method):
    with chatkeep.Chatkeep(database.url) as chat:
        chat.message_logger.log_message("parent")
        context = multiprocessing.get_context(method)
        names = [f"child {number}" for number in range(3)]
        children = [
            context.Process(target=log_in_a_child, args=(database.url, name)) for name in names
        ]
        for child in children:
            child.start()
        for child in children:
            child.join(120)
        assert [child.exitcode for child in children] == [0] * 3
        texts = {message["user_message"] for message in chat.message_logger.iter_messages()}
        assert texts == {"parent", *names}


@pytest.mark.parametrize("ending", ["pass", "sys.exit(0)", "raise SystemExit"])
def test_pending_messages_are_stored_at_interpreter_exit(database, ending):
    run(
        f"""
        import asyncio, sys
        from chatkeep.asyncio import Chatkeep

        log = Chatkeep(sys.argv[1]).message_logger

        async def main():
            await log.log_message("first")
            for number in range(500):
                # Submits the message.
                log.log_message(str(number)).send(None)

        asyncio.run(main())
        {ending}
        """,
        database.url,
    )
    with chatkeep.Chatkeep(database.url) as chat:
        assert chat.message_logger.get_message_count() == 501


def test_daemon_threads_in_calls_do_not_block_interpreter_exit(sqlite):
    run(
        """
        import sys, threading, time
        import chatkeep

        log = chatkeep.Chatkeep(sys.argv[1]).message_logger
        log.log_message("first")

        def work():
            while True:
                log.log_message("a")

        for _ in range(8):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.2)
        """,
        sqlite.url,
    )
    with chatkeep.Chatkeep(sqlite.url) as chat:
        assert chat.message_logger.get_message_count() > 1


def test_acknowledged_messages_survive_a_kill(sqlite):
    program = start(
        """
        import sys
        import chatkeep

        log = chatkeep.Chatkeep(sys.argv[1]).message_logger
        while True:
            print(log.log_message("a"), flush=True)
        """,
        sqlite.url,
    )
    acknowledged = [int(program.stdout.readline()) for _ in range(50)]
    program.kill()
    rest, _ = program.communicate(timeout=60)
    acknowledged += [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    with chatkeep.Chatkeep(sqlite.url) as chat:
        stored = {message["id"] for message in chat.message_logger.iter_messages()}
    assert set(acknowledged) <= stored


def test_module_runs_the_chatkeep_command(sqlite):
    variables = environment(DATABASE_URL=sqlite.url)

    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "chatkeep", *arguments],
            capture_output=True,
            text=True,
            env=variables,
            check=False,
            timeout=60,
        )

    assert command("messages", "log", "hi", "--provider", "openai").returncode == 0
    assert '"provider":"openai"' in command("messages", "list", "--json").stdout.replace(" ", "")
    assert command("tokens", "verify", "ck_nonsense").returncode == 1
    wrong = command("messages", "list", "--limit", "many")
    assert (wrong.returncode, "invalid value 'many'" in wrong.stderr) == (2, True)
    assert command("--version").stdout.startswith("chatkeep ")
    assert os.path.exists(sqlite.url.removeprefix("sqlite:///"))
