"""Endpoints of an application's own show rows as the generated ones do."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Column, DateTime, Numeric, Time
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, select

from modelwire import Database, Resource, SessionDep, mount, shown
from tests.conftest import empty_tables
from tests.worlds import World, make_world_fixture


class Base(SQLModel, registry=registry()):
    """Classes and tables of their own."""


class Visit(Base, table=True):
    """Columns of SQLAlchemy's types, which lose offsets and digits on SQLite."""

    __tablename__ = "shown_visits"

    id: int | None = Field(default=None, primary_key=True)
    began: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    opens: time = Field(sa_column=Column(Time(timezone=True), nullable=False))
    noted: datetime = Field(sa_column=Column(DateTime(), nullable=False))
    paid: Decimal = Field(sa_column=Column("paid", Numeric(10, 2), nullable=False))


def serve_visits(database: Database) -> FastAPI:
    app = FastAPI()

    @app.get("/rows", response_model=list[shown(Visit)])  # type: ignore[misc]
    async def rows(session: SessionDep) -> Sequence[Visit]:
        return (await session.exec(select(Visit))).all()

    @app.get("/mappings", response_model=list[shown(Visit)])  # type: ignore[misc]
    async def mappings(session: SessionDep) -> Sequence[Mapping[str, Any]]:
        return [visit.model_dump() for visit in (await session.exec(select(Visit))).all()]

    @app.get("/fresh", response_model=shown(Visit))
    async def fresh(session: SessionDep) -> Visit:
        visit = make_visit()
        session.add(visit)
        await session.flush()
        return visit

    mount(app, database, Resource(Visit))
    return app


def make_visit() -> Visit:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    return Visit(
        began=moment, opens=time(9, tzinfo=UTC), noted=datetime(2026, 1, 31, 12), paid=Decimal(5)
    )


shown_world = make_world_fixture(
    "shown", Base.metadata, lambda database: {"app": partial(serve_visits, database)}
)


@pytest.mark.parametrize("path", ["/rows", "/mappings"])
async def test_stored_rows_are_shown_as_by_generated_routes(shown_world: World, path: str) -> None:
    """Moments and times of day have their offset, and decimals their digits."""
    await empty_tables(shown_world.database)
    async with shown_world.database.session() as session:
        session.add(make_visit())
        await session.commit()
    client = shown_world.clients["app"]
    generated = (await client.get("/shown_visits/")).json()["items"]
    assert generated[0]["began"] == "2026-01-31T12:00:00Z"
    assert (await client.get(path)).json() == generated


async def test_fresh_rows_are_shown_as_they_will_be_read(shown_world: World) -> None:
    """A row that was not read back is shown as one that is stored."""
    await empty_tables(shown_world.database)
    client = shown_world.clients["app"]
    row = (await client.get("/fresh")).json()
    created = {name: value for name, value in row.items() if name != "id"}
    stored = (await client.post("/shown_visits/", json=created)).json()
    assert created == {name: value for name, value in stored.items() if name != "id"}
