"""The schema in SQLAlchemy 2. The tables are created by chatkeep's migrations."""

from datetime import datetime
from typing import Any, Optional

import protocol
from sqlalchemy import JSON, BigInteger, ForeignKey, String, Text, select
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime

Timestamp = DateTime().with_variant(DATETIME(fsp=6), "mysql", "mariadb")
LongText = Text().with_variant(LONGTEXT(), "mysql", "mariadb")
Json = JSON().with_variant(JSONB(), "postgresql")
Id = BigInteger


class Base(DeclarativeBase):
    pass


class MessageColumns:
    """The columns of a plain log."""

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    timestamp: Mapped[datetime] = mapped_column(Timestamp)
    user_message: Mapped[str] = mapped_column(LongText)
    bot_response: Mapped[Optional[str]] = mapped_column(LongText)
    provider: Mapped[Optional[str]] = mapped_column(String(50))
    model: Mapped[Optional[str]] = mapped_column(String(100))
    tokens_used: Mapped[Optional[int]] = mapped_column(BigInteger)
    # SQLAlchemy reserves the class attribute `metadata`.
    metadata_: Mapped[Optional[dict[str, Any]]] = mapped_column("metadata", Json)


class Message(MessageColumns, Base):
    __tablename__ = "messages"

    def to_dict(self):
        return {
            "id": self.id,
            "timestamp": self.timestamp,
            "user_message": self.user_message,
            "bot_response": self.bot_response,
            "provider": self.provider,
            "model": self.model,
            "tokens_used": self.tokens_used,
            "metadata": self.metadata_,
        }


class ApiToken(Base):
    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    description: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Timestamp)
    expires_at: Mapped[Optional[datetime]] = mapped_column(Timestamp)
    is_active: Mapped[bool] = mapped_column()
    last_used_at: Mapped[Optional[datetime]] = mapped_column(Timestamp)
    token_start: Mapped[Optional[str]] = mapped_column(String(16))


class TurnBase(DeclarativeBase):
    pass


class Conversation(TurnBase):
    __tablename__ = "chat_conversations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    last_message_at: Mapped[datetime] = mapped_column(Timestamp)


class Turn(MessageColumns, TurnBase):
    """A message of a conversation."""

    __tablename__ = "messages"

    conversation_id: Mapped[Optional[int]] = mapped_column(Id)
    user_id: Mapped[Optional[int]] = mapped_column(Id)


class User(Base):
    __tablename__ = "chat_users"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    active: Mapped[bool] = mapped_column()
    stamp: Mapped[str] = mapped_column(String(32))


class UserSession(Base):
    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("chat_users.id"))
    user_stamp: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[datetime] = mapped_column(Timestamp)
    revoked_at: Mapped[Optional[datetime]] = mapped_column(Timestamp)


def session_query(token_hash):
    """Returns the query of a session and its user."""
    query = select(UserSession, User).join(User, User.id == UserSession.user_id)
    return query.where(UserSession.token_hash == token_hash)


def check_session(found):
    """Checks a session and its user."""
    session, user = found
    if session.revoked_at is not None or session.user_stamp != user.stamp:
        raise ValueError("a valid session was rejected")
    return protocol.check_token(user.active, session.expires_at)


def values(row, metadata, timestamp, name="metadata"):
    """Returns the message that all competitors log, as keyword arguments."""
    return {
        "timestamp": timestamp,
        "user_message": row.user_message,
        "bot_response": row.bot_response,
        "provider": row.provider,
        "model": row.model,
        "tokens_used": row.tokens_used,
        name: metadata,
    }
