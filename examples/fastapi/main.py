"""A chat backend with an echo instead of a model. It logs every message and requires a token."""

from typing import Annotated, TypedDict

from chatkeep.asyncio import message_logger
from chatkeep.fastapi import handle_errors, health_router, lifespan, token_required
from chatkeep.types import Analytics, Message, TokenInfo
from fastapi import Depends, FastAPI
from pydantic import BaseModel

app = FastAPI(title="Echo chat", lifespan=lifespan(wait=True))
handle_errors(app)
app.include_router(health_router())

Token = Annotated[TokenInfo, Depends(token_required)]


class Question(BaseModel):
    """A message of a user."""

    message: str
    session: str | None = None


class Answer(BaseModel):
    """The reply of the model, and the id of the logged message."""

    id: int
    reply: str


class Page(BaseModel):
    """Messages, newest first, and the ``cursor`` for the next page."""

    messages: list[Message]
    next_cursor: str | None


class Completion(TypedDict):
    """The result of a model."""

    text: str
    tokens_used: int


async def echo(message: str) -> Completion:
    """Placeholder for the model."""
    text = f"You said: {message}"
    return {"text": text, "tokens_used": len(message.split()) + len(text.split())}


@app.post("/chat")
async def chat(question: Question, token: Token) -> Answer:
    """Replies to a message and logs both. They are stored before this returns."""
    completion = await echo(question.message)
    message_id = await message_logger.log_message(
        question.message,
        completion["text"],
        provider="echo",
        model="echo-1",
        tokens_used=completion["tokens_used"],
        metadata={"session": question.session, "token_id": token["id"]},
    )
    return Answer(id=message_id, reply=completion["text"])


@app.get("/messages", dependencies=[Depends(token_required)])
async def messages(limit: int = 20, cursor: str | None = None, session: str | None = None) -> Page:
    """Returns a page of the log. An invalid limit or cursor is a 422 error with its reason."""
    fields = None if session is None else {"session": session}
    page = await message_logger.get_messages(limit=limit, cursor=cursor, metadata=fields)
    more = len(page) == limit
    return Page(
        messages=page,
        next_cursor=message_logger.cursor_after(page[-1]) if more else None,
    )


@app.get("/analytics", dependencies=[Depends(token_required)])
async def analytics(start_date: str | None = None, end_date: str | None = None) -> Analytics:
    """Returns totals by provider, model and day."""
    return await message_logger.get_analytics(start_date, end_date)
