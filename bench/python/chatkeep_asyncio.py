"""chatkeep from Python with coroutines, one task per caller."""

import asyncio

import protocol
from chatkeep.asyncio import Chatkeep
from chatkeep_python import CHECKS, message_of, open_store, ready_of


class Facade:
    @classmethod
    async def open(cls, setup):
        self = cls()
        self.setup = setup
        self.store = await asyncio.to_thread(open_store, setup)
        self.chat = Chatkeep.of(self.store)
        self.message = message_of(setup)
        return self

    async def ready(self):
        return await asyncio.to_thread(ready_of, self.setup, self.store)

    def call(self, caller):
        path = self.setup.path
        if path == "verify":
            tokens = protocol.Tokens(self.setup, caller)
            return lambda: self.verify(tokens)
        if path == "session":
            secrets = protocol.Tokens(self.setup, caller)
            return lambda: self.session(secrets)
        if path == "turn":
            conversation = self.setup.conversations[caller]["public_id"]
            return lambda: self.turn(conversation)
        return getattr(self, path)

    async def log(self):
        return [await self.chat.message_logger.log_message(**self.message)]

    async def page(self):
        return protocol.check_page(
            await self.chat.message_logger.get_messages(limit=self.setup.page)
        )

    async def verify(self, tokens):
        verify_token = self.chat.token_manager.verify_token
        for _ in range(CHECKS):
            if not await verify_token(tokens.next()):
                raise ValueError("a valid token was rejected")
        return CHECKS

    async def session(self, secrets):
        verify_session = self.chat.session_manager.verify_session
        for _ in range(CHECKS):
            if not await verify_session(secrets.next()):
                raise ValueError("a valid session was rejected")
        return CHECKS

    async def turn(self, conversation):
        return [await self.chat.conversation_manager.append_turn(conversation, **self.message)]
