"""Conversations with a language model: JSON of several shapes, names in camel case."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import JSON, BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)  # type: ignore[assignment]


def now_utc() -> datetime:
    return datetime.now(ZoneInfo("UTC"))


class Conversation(Base, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    user_id: str = Field(index=True, nullable=False)
    system_prompt: str | None = Field(default=None, sa_type=Text)
    model_options: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON().with_variant(JSONB, "postgresql"))
    )
    created_at: datetime = Field(default_factory=now_utc, nullable=False)
    updated_at: datetime = Field(
        default_factory=now_utc, nullable=False, sa_column_kwargs={"onupdate": now_utc}
    )
    messages: list["Message"] = Relationship(back_populates="conversation", cascade_delete=True)


class Message(Base, table=True):
    id: int | None = Field(default=None, primary_key=True)
    conversation_id: UUID = Field(foreign_key="conversation.id", ondelete="CASCADE", index=True)
    role: str = Field(default="user", max_length=20)
    content: str = Field(sa_column=Column(Text, nullable=False))
    tool_calls: list[dict[str, Any]] | None = Field(default=None, sa_column=Column(JSON))
    token_count: int = Field(default=0, sa_type=BigInteger)
    score: float | None = None
    conversation: Conversation | None = Relationship(back_populates="messages")


FIRST, SECOND = str(UUID(int=1)), str(UUID(int=2))
RESOURCES = (
    Resource(Conversation, includes=["messages"], writable=["id"]),
    Resource(Message, includes=["conversation"], shown=["tokenCount"]),
)
ROWS = {
    "/conversation": [
        {"id": FIRST, "userId": "ann", "modelOptions": {"temperature": 0.5, "stop": ["\n"]}},
        {"id": SECOND, "userId": "Bob", "systemPrompt": "Be brief."},
        {"userId": "ann", "systemPrompt": "", "modelOptions": {}},
    ],
    "/message": [
        {"conversationId": FIRST, "content": "Hello", "tokenCount": 2**40},
        {"conversationId": FIRST, "role": "assistant", "content": "Hi", "score": 0.5},
        {"conversationId": SECOND, "content": "", "toolCalls": [{"name": "f", "arguments": {}}]},
    ],
}
