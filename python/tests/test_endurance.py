"""Tests that take minutes. `make endurance` runs them, `make test` does not."""

import gc
import itertools
import os
import random
import threading
import time

import chatkeep
import pytest

pytestmark = pytest.mark.endurance

CALLS = 1_000_000
THREADS, SECONDS = 32, 60
WRONG = ("a\0", b"a", "a\ud800")


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is measured on Linux")
def test_memory_use_is_constant_over_a_million_calls(chat, database, capsys):
    log, tokens = chat.message_logger, chat.token_manager
    token = tokens.create_token()["token"]
    logged, calls, sizes = 0, 0, []
    while calls < CALLS:
        for number in range(50_000 // 20):
            for _ in range(6):
                log.log_message("question", "answer" * 20, "openai", metadata={"n": number})
            for _ in range(7):
                assert tokens.verify_token(token)
            for _ in range(2):
                assert len(log.get_messages(limit=10)) > 0
            assert not tokens.verify_token("unknown")
            for wrong in WRONG:
                with pytest.raises(chatkeep.InvalidInputError):
                    log.log_message(wrong, metadata={"a": [1, {"b": "c" * 100}]})
            with pytest.raises(chatkeep.InvalidInputError):
                log.get_messages(limit=-1)
            logged += 6
            calls += 20
        sizes.append(resident())
    assert log.get_message_count() == logged
    megabytes = [round(size / 1e6, 1) for size in sizes]
    with capsys.disabled():
        print(f"\n{database.engine}: {calls:,} calls, resident MB at every 50,000: {megabytes}")
    # After the first 200,000 calls. A leak of ten bytes per call would be 8 MB.
    assert sizes[-1] - sizes[3] < 4_000_000


def test_mixed_calls_from_32_threads_for_a_minute_stay_consistent(chat, database, capsys):
    log, tokens = chat.message_logger, chat.token_manager
    created = tokens.create_token()
    end = time.monotonic() + SECONDS
    counts, errors = [], []

    def work(seed):
        chance, logged, rejected, calls = random.Random(seed), [], 0, 0
        mine = tokens.create_token(f"of {seed}")
        try:
            while time.monotonic() < end:
                kind = chance.randrange(10)
                if kind < 3:
                    logged.append(log.log_message(f"{seed}", provider=f"p{seed % 4}"))
                elif kind == 3:
                    logged.extend(log.log_messages([{"message": "a"}, {"message": "b"}]))
                elif kind == 4:
                    assert tokens.verify_token(created["token"])
                    assert tokens.check_token(mine["token"])["valid"]
                elif kind == 5:
                    page = log.get_messages(limit=20)
                    assert len(page) == len({message["id"] for message in page})
                elif kind == 6 and logged:
                    assert log.get_message_by_id(chance.choice(logged)) is not None
                elif kind == 7:
                    other = tokens.create_token("short-lived")
                    assert tokens.revoke_token(other["id"])
                    assert not tokens.verify_token(other["token"])
                elif kind == 8:
                    assert len(list(itertools.islice(log.iter_messages(), 5))) <= 5
                else:
                    with pytest.raises(chatkeep.InvalidInputError):
                        log.log_message(chance.choice(WRONG))
                    rejected += 1
                calls += 1
        except BaseException as error:
            errors.append(error)
        counts.append((logged, rejected, calls))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 60)
    assert not any(thread.is_alive() for thread in threads), "deadlock"
    assert errors == []
    logged = [message for ids, _, _ in counts for message in ids]
    assert len(logged) == len(set(logged)) == log.get_message_count()
    assert log.get_analytics()["total_messages"] == len(logged)
    assert log.check_totals()["differences"] == []
    status = chat.db_manager.pool_status()
    assert status["checked_out"] == 0
    with capsys.disabled():
        calls, rejected = (sum(row[index] for row in counts) for index in (2, 1))
        print(
            f"\n{database.engine}: {THREADS} threads, {SECONDS} s: {calls:,} calls, "
            f"{len(logged):,} messages, {rejected:,} rejected, {status}"
        )
