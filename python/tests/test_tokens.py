"""The token manager."""

import copy
import json
import traceback

import chatkeep
import pytest
from programs import run


def test_tokens_are_valid_until_they_are_revoked(chat):
    tokens = chat.token_manager
    created = tokens.create_token("web app", expires_days=90)
    assert created["id"] == created["token_id"]
    assert tokens.verify_token(created["token"]) is True
    check = tokens.check_token(created["token"])
    assert (check["valid"], check["reason"]) == (True, "valid")
    assert check["token"] == tokens.get_token_info(created["id"]) | {
        "last_used_at": check["token"]["last_used_at"]
    }
    assert tokens.revoke_token(created["id"]) is True
    assert tokens.revoke_token(created["id"]) is False
    assert tokens.verify_token(created["token"]) is False
    assert tokens.check_token(created["token"])["reason"] == "revoked"
    assert [token["id"] for token in tokens.list_tokens()] == [created["id"]]
    assert tokens.get_token_info(10**9) is None
    assert tokens.delete_expired_tokens() == 0


def test_repr_of_a_created_token_hides_the_token(memory):
    created = memory.token_manager.create_token()
    secret = created["token"]
    assert created["description"] == "API Token"
    assert secret not in repr(created)
    assert secret not in f"{created} {[created]}"
    assert secret[:8] in repr(created)
    assert json.loads(json.dumps(created))["token"] == secret
    assert copy.deepcopy(created) == created
    assert isinstance(created, dict)
    assert secret not in json.dumps(memory.token_manager.list_tokens())


@pytest.mark.parametrize(
    "presented", ["", " ", "a b", "a\n", "\0", "a\ud800", "x" * 1_000_000, "ck_" + "0" * 49]
)
def test_malformed_tokens_are_invalid(memory, presented):
    assert memory.token_manager.verify_token(presented) is False
    assert memory.token_manager.check_token(presented) == {
        "valid": False,
        "reason": "malformed",
        "token": None,
    }


@pytest.mark.parametrize("presented", [None, b"bytes", 5])
def test_tokens_that_are_not_strings_are_rejected(memory, presented):
    for call in (memory.token_manager.verify_token, memory.token_manager.check_token):
        with pytest.raises(chatkeep.InvalidTypeError) as caught:
            call(presented)
        assert caught.value.field == "token"


def test_unavailable_database_raises_instead_of_returning_false(monkeypatch):
    monkeypatch.setenv("DB_MAX_RETRIES", "0")
    with chatkeep.Chatkeep("postgresql://bot:s3cret@127.0.0.1:9/chat", connect_timeout=2) as chat:
        presented = "sk-s3cret-token"
        with pytest.raises(chatkeep.UnavailableError) as caught:
            chat.token_manager.verify_token(presented)
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.retryable
    output = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(chat)
    assert "s3cret" not in output.replace('presented = "sk-s3cret-token"', "")


def test_disabled_cache_queries_the_database_on_every_check(sqlite):
    with (
        chatkeep.Chatkeep(sqlite.url, token_cache=0) as uncached,
        chatkeep.Chatkeep(sqlite.url, token_cache=3600) as cached,
    ):
        created = uncached.token_manager.create_token()
        before = [
            store.token_manager.verify_token(created["token"]) for store in (uncached, cached)
        ]
        # In another process, because a revocation in this one updates the cache.
        run(
            """
            import sys
            import chatkeep

            chatkeep.Chatkeep(sys.argv[1]).token_manager.revoke_token(int(sys.argv[2]))
            """,
            sqlite.url,
            str(created["id"]),
        )
        after = [store.token_manager.verify_token(created["token"]) for store in (uncached, cached)]
    assert (before, after) == ([True, True], [False, True])
