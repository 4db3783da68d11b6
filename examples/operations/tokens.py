"""Examples of the operations on tokens. The docstrings and the reference include them."""

import asyncio

from chatkeep import Chatkeep
from chatkeep.asyncio import Chatkeep as AsyncChatkeep


def tokens() -> None:
    tokens = Chatkeep("sqlite:///:memory:").token_manager
    created = tokens.create_token("web app", expires_days=90)
    tokens.verify_token(created["token"])
    # -> True
    tokens.revoke_token(created["id"])
    # -> True
    tokens.verify_token(created["token"])
    # -> False


def async_tokens() -> None:
    async def verify() -> bool:
        async with AsyncChatkeep("sqlite:///:memory:") as chat:
            created = await chat.token_manager.create_token("web app")
            return await chat.token_manager.verify_token(created["token"])

    asyncio.run(verify())
    # -> True


def create_token() -> None:
    tokens = Chatkeep("sqlite:///:memory:").token_manager
    created = tokens.create_token("web app", expires_days=90)
    created["token"].startswith("ck_"), created["id"], created["description"]
    # -> (True, 1, 'web app')


def check_token() -> None:
    Chatkeep("sqlite:///:memory:").token_manager.check_token("no such token")
    # -> {'valid': False, 'reason': 'malformed', 'token': None}


def list_tokens() -> None:
    tokens = Chatkeep("sqlite:///:memory:").token_manager
    created = tokens.create_token("web app")
    [(token["id"], token["description"]) for token in tokens.list_tokens()]
    # -> [(1, 'web app')]
    tokens.list_tokens()[0]["token_start"] == created["token"][:8]
    # -> True


def revoke_token() -> None:
    tokens = Chatkeep("sqlite:///:memory:").token_manager
    created = tokens.create_token()
    tokens.revoke_token(created["id"]), tokens.revoke_token(created["id"])
    # -> (True, False)
