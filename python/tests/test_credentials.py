"""Secrets of credentials in Python."""

import chatkeep
import pytest

KEYS = "2027:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SECRET = "s3cret-0123456789"


def test_reprs_show_only_the_start_of_tokens():
    with chatkeep.Chatkeep("sqlite:///:memory:", keys=KEYS) as chat:
        added = chat.credential_manager.add_credential("a", SECRET)
        found = chat.credential_manager.find_credential("a")
        token = chat.token_manager.create_token()["token"]
        assert found["secret"] == SECRET
        for shown in (repr(found), repr(added), repr(chat), repr(chat.credential_manager)):
            assert "s3cret" not in shown
            assert KEYS[5:20] not in shown
    assert repr(token) == repr(f"{token[:8]}…")


def test_errors_about_keys_do_not_quote_them():
    with pytest.raises(chatkeep.ConfigurationError) as caught:
        chatkeep.Chatkeep("sqlite:///:memory:", keys=KEYS.replace(":", ""))
    assert KEYS[5:20] not in repr(caught.value)
    assert caught.value.field == "keys"
