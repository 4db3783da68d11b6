"""A chat backend with an echo for a model: every message is logged, and every route wants a token."""

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
    """What a user says."""

    message: str
    session: str | None = None


class Answer(BaseModel):
    """What the model answers, and under which id both are logged."""

    id: int
    reply: str


class Page(BaseModel):
    """Messages, newest first, and what to pass as ``cursor`` for those before them."""

    messages: list[Message]
    next_cursor: str | None


class Completion(TypedDict):
    """What a model returns."""

    text: str
    tokens_used: int


async def echo(message: str) -> Completion:
    """The model. Yours goes here."""
    text = f"You said: {message}"
    return {"text": text, "tokens_used": len(message.split()) + len(text.split())}


@app.post("/chat")
async def chat(question: Question, token: Token) -> Answer:
    """Answers a message and logs both. When this returns, they are stored."""
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
    """A page of the log. A limit or cursor that cannot be is 422, and says why."""
    wanted = None if session is None else {"session": session}
    page = await message_logger.get_messages(limit=limit, cursor=cursor, metadata=wanted)
    more = len(page) == limit
    return Page(
        messages=page,
        next_cursor=message_logger.cursor_after(page[-1]) if more else None,
    )


@app.get("/analytics", dependencies=[Depends(token_required)])
async def analytics(start_date: str | None = None, end_date: str | None = None) -> Analytics:
    """Totals by provider, model and day."""
    return await message_logger.get_analytics(start_date, end_date)
