"""API tokens as Python code calls them."""

import copy
import json
import subprocess
import sys
import traceback

import chatkeep
import pytest


def test_a_token_lives_from_its_making_to_its_revocation(chat):
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


def test_a_new_token_is_shown_only_to_who_asks_for_it(memory):
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
def test_what_cannot_be_a_token_is_none(memory, presented):
    assert memory.token_manager.verify_token(presented) is False
    assert memory.token_manager.check_token(presented) == {
        "valid": False,
        "reason": "malformed",
        "token": None,
    }


@pytest.mark.parametrize("presented", [None, b"bytes", 5])
def test_what_is_no_text_is_refused(memory, presented):
    for call in (memory.token_manager.verify_token, memory.token_manager.check_token):
        with pytest.raises(chatkeep.InvalidTypeError) as caught:
            call(presented)
        assert caught.value.field == "token"


def test_a_database_that_is_down_is_no_verdict(monkeypatch):
    monkeypatch.setenv("DB_MAX_RETRIES", "0")
    with chatkeep.Chatkeep("postgresql://bot:s3cret@127.0.0.1:9/chat", connect_timeout=2) as chat:
        presented = "sk-s3cret-token"
        with pytest.raises(chatkeep.UnavailableError) as caught:
            chat.token_manager.verify_token(presented)
    assert isinstance(caught.value, ConnectionError)
    assert caught.value.retryable
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(chat)
    assert "s3cret" not in told.replace('presented = "sk-s3cret-token"', "")


def test_without_a_cache_the_database_is_asked_every_time(sqlite):
    with (
        chatkeep.Chatkeep(sqlite.url, token_cache=0) as asking,
        chatkeep.Chatkeep(sqlite.url, token_cache=3600) as believing,
    ):
        created = asking.token_manager.create_token()
        verdicts = [
            store.token_manager.verify_token(created["token"]) for store in (asking, believing)
        ]
        # By another program: a revocation in this one would be seen at once.
        revoke = "import sys, chatkeep; chatkeep.Chatkeep(sys.argv[1]).token_manager.revoke_token(int(sys.argv[2]))"
        subprocess.run([sys.executable, "-c", revoke, sqlite.url, str(created["id"])], check=True)
        later = [
            store.token_manager.verify_token(created["token"]) for store in (asking, believing)
        ]
    assert (verdicts, later) == ([True, True], [False, True])
