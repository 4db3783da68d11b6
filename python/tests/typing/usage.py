"""User code for the type checker. It is never run."""

from datetime import datetime
from typing import Annotated, assert_type

import chatkeep.asyncio
import chatkeep.claude_agent
import chatkeep.fastapi
import chatkeep.flask
import chatkeep.langgraph
import chatkeep.openai_agents
import chatkeep.pydantic_ai
from agents.items import TResponseInputItem
from agents.memory import Session
from chatkeep import (
    Chatkeep,
    InvalidInputError,
    SchemaError,
    db_manager,
    message_logger,
    token_manager,
)
from chatkeep.types import (
    Analytics,
    CreatedToken,
    Health,
    Message,
    SchemaErrorState,
    TokenCheck,
    TokenInfo,
)
from claude_agent_sdk import ClaudeAgentOptions, SessionStoreEntry
from fastapi import Depends, FastAPI
from flask import Flask
from langgraph.checkpoint.base import CheckpointTuple
from pydantic_ai.messages import ModelMessage


def blocking(chat: Chatkeep) -> None:
    assert_type(message_logger.log_message("q", "a", tokens_used=1, timestamp=datetime.now()), int)
    assert_type(message_logger.get_messages(limit=5, metadata={"k": True}), list[Message])
    assert_type(message_logger.log_messages([{"message": "a", "provider": "p"}]), list[int])
    assert_type(message_logger.get_analytics(), Analytics)
    for message in message_logger.iter_messages(oldest_first=True):
        assert_type(message, Message)
        assert_type(message["tokens_used"], int | None)
    assert_type(token_manager.create_token("web app", 90), CreatedToken)
    assert_type(token_manager.check_token("t"), TokenCheck)
    assert_type(db_manager.health(), Health)
    with Chatkeep("sqlite:///:memory:", pool_size=5) as store:
        assert_type(store, Chatkeep)
    message_logger.log_message(5)  # type: ignore[arg-type]
    message_logger.log_messages([{"modle": "m"}])  # type: ignore[list-item]
    try:
        chat.flush(1)
    except InvalidInputError as error:
        assert_type(error.field, str | None)
    except SchemaError as error:
        assert_type(error.state, SchemaErrorState | None)


async def awaited() -> None:
    async with chatkeep.asyncio.Chatkeep() as chat:
        assert_type(await chat.message_logger.log_message("q"), int)
        assert_type(await chat.message_logger.get_message_by_id(1), Message | None)
        assert_type(await chat.token_manager.verify_token("t"), bool)
        async for message in chat.message_logger.iter_messages():
            assert_type(message, Message)


def served(chat: chatkeep.asyncio.Chatkeep) -> FastAPI:
    app = FastAPI(lifespan=chatkeep.fastapi.lifespan(chat, wait=True))
    chatkeep.fastapi.handle_errors(app)
    app.include_router(chatkeep.fastapi.health_router(chat))

    @app.get("/")
    async def view(
        token: Annotated[TokenInfo, Depends(chatkeep.fastapi.token_required)],
    ) -> list[Message]:
        assert_type(token["description"], str)
        return await chat.message_logger.get_messages()

    return app


def served_by_flask(chat: Chatkeep) -> Flask:
    app = Flask(__name__)
    chatkeep.flask.handle_errors(app)
    app.register_blueprint(chatkeep.flask.health_blueprint(chat))

    @app.get("/<int:number>")
    @chatkeep.flask.TokenRequired(chat)
    def view(number: int) -> list[Message]:
        assert_type(chatkeep.flask.current_token(), TokenInfo)
        return chat.message_logger.get_messages(number)

    view("1")  # type: ignore[arg-type]
    return app


async def checkpoints(chat: Chatkeep) -> None:
    with chatkeep.langgraph.ChatkeepSaver(chat) as saver:
        assert_type(saver, chatkeep.langgraph.ChatkeepSaver)
        assert_type(saver.get_tuple({"configurable": {"thread_id": 1}}), CheckpointTuple | None)
        assert_type(saver.prune(["a"], keep_last=2, dry_run=True), int)
    async with chatkeep.langgraph.ChatkeepSaver.from_conn_string("sqlite://") as saver:
        await saver.setup()
        async for found in saver.alist(None, limit=5):
            assert_type(found, CheckpointTuple)
    chatkeep.langgraph.ChatkeepSaver(5)  # type: ignore[arg-type]


async def histories(chat: Chatkeep) -> None:
    async with chatkeep.openai_agents.ChatkeepSession("a", chat, user_id=None) as session:
        as_session: Session = session
        assert_type(await as_session.get_items(5), list[TResponseInputItem])
        assert_type(await session.pop_item(), TResponseInputItem | None)
    chatkeep.openai_agents.ChatkeepSession("a", 5)  # type: ignore[arg-type]
    async with chatkeep.claude_agent.ChatkeepSessionStore("sqlite://") as store:
        ClaudeAgentOptions(session_store=store)
        entries = await store.load({"project_key": "p", "session_id": "s"})
        assert_type(entries, list[SessionStoreEntry] | None)
    with chatkeep.pydantic_ai.ChatkeepConversationStore(chat) as conversations:
        assert_type(conversations.load("a"), list[ModelMessage])
        await conversations.aappend("a", conversations.load("a"))
        assert_type(conversations.delete("a"), bool)
