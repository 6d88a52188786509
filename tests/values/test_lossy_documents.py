"""JSON columns whose documents lose what their annotation masks: they are told of at start-up."""

import datetime as dt
import logging
from typing import Annotated, Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, PlainSerializer, SecretStr
from pydantic import Field as Part
from sqlalchemy import JSON, MetaData, String, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Database, Operation, Resource, mount
from tests.conftest import PATIENT, MakeURL, open_client
from tests.lanes import DIALECTS


class Base(SQLModel, registry=registry()):
    """Tables of their own."""

    metadata = MetaData()


def mask(value: str) -> str:
    return f"{value[:2]}***"


class Access(BaseModel):
    token: SecretStr | None = None


class Person(BaseModel):
    phones: list[Annotated[str, PlainSerializer(mask)]] = []


class Open(BaseModel):
    since: dt.date | None = None
    pin: int = Part(default=0, exclude=True)


class Locker(Base, table=True):
    __tablename__ = "lossy_lockers"

    id: int | None = Field(default=None, primary_key=True)
    access: Access = Field(default_factory=Access, sa_type=JSON)
    person: Person | None = Field(default=None, sa_type=JSON)
    open: Open | None = Field(default=None, sa_type=JSON)
    code: SecretStr | None = Field(default=None, sa_type=String)


def warnings_of(caplog: pytest.LogCaptureFixture, **options: Any) -> list[str]:
    with caplog.at_level(logging.WARNING, "modelwire"):
        mount(FastAPI(), Database("sqlite://"), Resource(Locker, **options))
    return [message for message in caplog.messages if "are stored as they are shown" in message]


READS: tuple[Operation, ...] = ("read", "list")
TOLD: tuple[tuple[dict[str, Any], str | None], ...] = (
    ({}, "`access`, `person`"),
    ({"queryable": ["person"]}, "`access`"),
    ({"read_only": ["access"]}, "`person`"),
    ({"queryable": ["person", "access"]}, None),
    ({"operations": READS}, None),
    ({"operations": [*READS, "update"]}, "`access`, `person`"),
)


@pytest.mark.parametrize(("options", "names"), TOLD)
def test_fields_that_requests_write_are_told(
    caplog: pytest.LogCaptureFixture, options: dict[str, Any], names: str | None
) -> None:
    found = warnings_of(caplog, **options)
    if names is None:
        assert found == []
        return
    (message,) = found
    assert message.startswith(f"Resource(Locker): documents of {names} are stored as they")


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_it_is_so(make_url: MakeURL, dialect: str) -> None:
    """What is told is true: only the masks are stored, but for a column of its own."""
    url = await make_url(dialect, "lossy")
    database = Database(url, metadata=Base.metadata, **PATIENT)
    app = FastAPI()
    mount(app, database, Resource(Locker))
    await database.init_db()
    body = {
        "access": {"token": "open sesame"}, "person": {"phones": ["+49123"]}, "code": "1234",
        "open": {"since": "2026-01-01", "pin": 77},
    }  # fmt: skip
    async with open_client(app) as client:
        answer = await client.post("/lossy_lockers/", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.json()["access"] == {"token": "**********"}
    async with database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT access, person, open, code FROM lossy_lockers")
        )
        stored = str(found.one())
    await database.close_db()
    assert "1234" in stored
    assert "2026-01-01" in stored
    for lost in ("sesame", "+49123", "77"):
        assert lost not in stored
