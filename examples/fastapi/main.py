"""A small chat: accounts, conversations, and answers that stream, survive a reload, and can be stopped.

The page `index.html` is its user interface. The data is in the database that `DATABASE_URL` names.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import answers
from chatkeep.asyncio import (
    conversation_manager,
    message_logger,
    session_manager,
    stream_manager,
    user_manager,
)
from chatkeep.fastapi import (
    RotatedCookies,
    SessionRequired,
    handle_errors,
    health_router,
    token_required,
)
from chatkeep.fastapi import lifespan as chatkeep_lifespan
from chatkeep.types import Analytics, Conversation, SessionInfo, StreamInfo, User
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Starts once the database is reachable, and stops after the last answer is stored."""
    async with chatkeep_lifespan(wait=True)(app), answers.running():
        yield


app = FastAPI(title="Chat", lifespan=lifespan)
app.add_middleware(RotatedCookies)
handle_errors(app)
app.include_router(health_router())

# Browsers other than Safari accept secure cookies of this computer over HTTP, too.
session_required = SessionRequired(secure=os.environ.get("CHAT_INSECURE") != "1")
Session = Annotated[SessionInfo, Depends(session_required)]


class Account(BaseModel):
    """The address and password of a user."""

    email: str
    password: str


class Title(BaseModel):
    """The title of a conversation."""

    title: str | None = None


class Question(BaseModel):
    """A message of a user."""

    message: str


@app.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """Returns the user interface."""
    return FileResponse(Path(__file__).with_name("index.html"))


@app.post("/sign-up", dependencies=[Depends(session_required.same_site_required)])
async def sign_up(account: Account, request: Request, response: Response) -> dict[str, Any]:
    """Creates a user. A taken address is a 409 error."""
    user = await user_manager.create_user(email=account.email, password=account.password)
    return await signed_in(user, request, response)


@app.post("/sign-in", dependencies=[Depends(session_required.same_site_required)])
async def sign_in(account: Account, request: Request, response: Response) -> dict[str, Any]:
    """Creates a session, and sets its cookie."""
    user = await user_manager.authenticate(account.email, account.password)
    if user is None:
        raise HTTPException(401, "Wrong address or password")
    return await signed_in(user, request, response)


async def signed_in(user: User, request: Request, response: Response) -> dict[str, Any]:
    """Creates the session of a user, unless the password was changed since the sign-in."""
    created = await session_manager.create_session(
        user["public_id"],
        user_stamp=user["stamp"],
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("User-Agent"),
    )
    session_required.set_cookie(response, created)
    return shown_user(user)


@app.post("/sign-out", status_code=204)
async def sign_out(request: Request, response: Response, _: Session) -> None:
    """Ends the session, and deletes its cookie."""
    await session_manager.logout(session_required.secret(request) or "")
    session_required.delete_cookie(response)


@app.get("/me")
async def me(session: Session) -> dict[str, Any]:
    """Returns the signed-in user."""
    user = await user_manager.get_user(session["user_id"])
    if user is None:
        raise HTTPException(404, "No such user")
    return shown_user(user)


@app.get("/conversations")
async def conversations(session: Session, cursor: str | None = None) -> dict[str, Any]:
    """Returns a page of the user's conversations, last used first."""
    found = await conversation_manager.list_conversations(
        session["user_id"], limit=50, cursor=cursor
    )
    shown = [shown_conversation(conversation) for conversation in found["conversations"]]
    return {"conversations": shown, "next_cursor": found["next_cursor"]}


@app.post("/conversations")
async def new_conversation(title: Title, session: Session) -> dict[str, Any]:
    """Creates a conversation."""
    return shown_conversation(
        await conversation_manager.create_conversation(session["user_id"], title.title)
    )


async def own_conversation(conversation_id: str, session: Session) -> Conversation:
    """Returns a conversation of the user."""
    found = await conversation_manager.get_conversation(conversation_id)
    if found is None or found["user_id"] != session["user_id"]:
        raise HTTPException(404, "No such conversation")
    return found


Own = Annotated[Conversation, Depends(own_conversation)]


@app.get("/conversations/{conversation_id}")
async def conversation(found: Own) -> dict[str, Any]:
    """Returns the newest messages of a conversation, and the ids of answers that are streaming."""
    # In this order, so that a turn that ends between the two reads is not missing. It is in both
    # results then. The time of its message is that of its start.
    turns = await conversation_manager.list_open_turns(found["public_id"])
    messages = await message_logger.get_messages(50, conversation_id=found["id"])
    stored = {(message["timestamp"], message["user_message"]) for message in messages}
    return shown_conversation(found) | {
        "messages": [
            {
                "question": message["user_message"],
                "answer": message["bot_response"],
                "status": message["status"],
            }
            for message in reversed(messages)
        ],
        "open": [
            {"stream_id": turn["public_id"], "question": turn["user_message"]}
            for turn in turns
            if (turn["started_at"], turn["user_message"]) not in stored
        ],
    }


@app.delete("/conversations/{conversation_id}", status_code=204)
async def delete_conversation(found: Own) -> None:
    """Deletes a conversation."""
    await conversation_manager.delete_conversation(found["public_id"])


@app.post("/conversations/{conversation_id}/messages", status_code=202)
async def ask(question: Question, found: Own) -> dict[str, str]:
    """Stores a question, and starts to answer it."""
    stream_id = await answers.start(found["public_id"], question.message)
    return {"stream_id": stream_id}


async def own_stream(stream_id: str, session: Session) -> StreamInfo:
    """Returns a stream of the user."""
    found = await stream_manager.get_stream(stream_id)
    if found is None or found["user_id"] != session["user_id"]:
        raise HTTPException(404, "No such stream")
    return found


OwnStream = Annotated[StreamInfo, Depends(own_stream)]


@app.get("/streams/{stream_id}")
async def stream(
    found: OwnStream, last_event_id: Annotated[int, Header(ge=0)] = 0
) -> StreamingResponse:
    """Returns an answer while it is generated. Browsers reconnect with ``Last-Event-ID``."""
    events = answers.events(found["public_id"], last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@app.post("/streams/{stream_id}/cancel")
async def cancel(found: OwnStream) -> bool:
    """Stops an answer, also if another process generates it."""
    return await stream_manager.cancel_stream(found["public_id"])


@app.get("/analytics", dependencies=[Depends(token_required)])
async def analytics(start_date: str | None = None, end_date: str | None = None) -> Analytics:
    """Returns totals by provider, model and day, for programs with an API token."""
    return await message_logger.get_analytics(start_date, end_date)


def shown_user(user: User) -> dict[str, Any]:
    """Returns the public fields of a user."""
    return {"id": user["public_id"], "email": user["email"]}


def shown_conversation(found: Conversation) -> dict[str, Any]:
    """Returns the public fields of a conversation."""
    return {"id": found["public_id"], "title": found["title"]}
