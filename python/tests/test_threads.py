"""Concurrent use of one store by many threads."""

import random
import threading

import chatkeep
import pytest


def test_mixed_calls_from_32_threads_stay_consistent(chat):
    log, tokens = chat.message_logger, chat.token_manager
    created = tokens.create_token()
    logged, errors = [], []

    def work(seed):
        chance = random.Random(seed)
        try:
            for number in range(30):
                kind = chance.randrange(6)
                if kind < 2:
                    logged.append(log.log_message(f"{seed} {number}", provider=f"p{seed % 4}"))
                elif kind == 2:
                    logged.extend(log.log_messages([{"message": "a"}, {"message": "b"}]))
                elif kind == 3:
                    assert tokens.verify_token(created["token"])
                elif kind == 4:
                    assert len(log.get_messages(limit=5)) <= 5
                else:
                    with pytest.raises(chatkeep.InvalidInputError):
                        log.log_message("a\0")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    assert not any(thread.is_alive() for thread in threads)
    assert len(logged) == len(set(logged)) == log.get_message_count()
    assert log.get_analytics()["total_messages"] == len(logged)


def test_threads_can_share_an_iterator(memory):
    log = memory.message_logger
    log.log_messages({"message": str(number)} for number in range(2_000))
    messages, seen = log.iter_messages(), []
    threads = [
        threading.Thread(target=lambda: seen.extend(message["id"] for message in messages))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(seen) == len(set(seen)) == 2_000
