"""Serving under a role that row-level security is about, on PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI, Header
from sqlalchemy import MetaData, func, text
from sqlmodel import Field, SQLModel, select

from modelwire import Database, Resource, SessionDep, mount
from tests.conftest import open_client

ROLE = "modelwire_test_tenant"
USER = "current_setting('app.user', true)"


class Own(SQLModel):
    metadata = MetaData()


class Secret(Own, table=True):
    __tablename__ = "rls_secrets"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    owner: str | None = Field(
        default=None, nullable=False, sa_column_kwargs={"server_default": text(USER)}
    )


SETUP = (
    f"DO $$ BEGIN CREATE ROLE {ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    "TRUNCATE rls_secrets RESTART IDENTITY",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}",
    f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}",
    "ALTER TABLE rls_secrets ENABLE ROW LEVEL SECURITY",
    "DROP POLICY IF EXISTS own_rows ON rls_secrets",
    f"CREATE POLICY own_rows ON rls_secrets USING (owner = {USER})",
    "INSERT INTO rls_secrets (name, owner) VALUES ('of ann', 'ann'), ('of bob', 'bob')",
)


async def act_for(user: Annotated[str, Header(alias="x-user")], session: SessionDep) -> None:
    role = func.set_config("role", ROLE, True)
    await session.exec(select(role, func.set_config("app.user", user, True)))


def make_app(database: Database, lane: str) -> FastAPI:
    app = FastAPI()
    dependencies = [Depends(act_for)] if lane == "session" else []
    mount(app, database, Resource(Secret, dependencies=dependencies))
    return app


@pytest_asyncio.fixture
async def ann(postgres_url: str, lane: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client who is Ann, to whom each lane tells that in its own way."""
    owner = Database(postgres_url, metadata=Own.metadata)
    await owner.init_db()
    async with owner.engine.begin() as connection:
        for statement in SETUP:
            await connection.execute(text(statement))
    told = f"{'&' if '?' in postgres_url else '?'}role={ROLE}&app.user=ann"
    serving = owner if lane == "session" else Database(postgres_url + told, metadata=Own.metadata)
    async with open_client(make_app(serving, lane)) as client:
        client.headers["x-user"] = "ann"
        yield client
    await serving.close_db()
    await owner.close_db()


async def test_only_own_rows(ann: httpx2.AsyncClient) -> None:
    """Lists, pages by cursor, streams, searches and single rows know the user's own rows only."""
    for path in ("/rls_secrets/", "/rls_secrets/?cursor=", "/rls_secrets/?q=of", "/rls_secrets/1"):
        answer = await ann.get(path)
        assert answer.status_code == 200, answer.text
        assert "of ann" in answer.text
        assert "of bob" not in answer.text
    assert (await ann.get("/rls_secrets/?count=exact")).json()["total"] == 1
    assert "of bob" not in (await ann.get("/rls_secrets/stream/")).text
    assert (await ann.get("/rls_secrets/2")).status_code == 404


@pytest.mark.parametrize("key", [None, "key"])
async def test_nobody_writes_rows_of_others(ann: httpx2.AsyncClient, key: str | None) -> None:
    """A write that a policy refuses is 403, a hidden row is missing, and nothing is stored."""
    headers = {"Idempotency-Key": key} if key else {}
    alien = {"name": "new", "owner": "bob"}
    answer = await ann.post("/rls_secrets/", json=alien, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "bob" not in answer.text
    answer = await ann.post("/rls_secrets/bulk/", json=[{"name": "mine"}, alien])
    assert answer.status_code == 403
    assert (await ann.patch("/rls_secrets/1", json={"owner": "bob"})).status_code == 403
    assert (await ann.patch("/rls_secrets/2", json={"name": "mine"})).status_code == 404
    assert (await ann.delete("/rls_secrets/2")).status_code == 404
    limit = {"Prefer": "max-affected=9"}
    answer = await ann.delete("/rls_secrets/?name__startswith=of", headers=limit)
    assert answer.status_code in (200, 204)
    assert (await ann.post("/rls_secrets/", json={"name": "mine"})).json()["owner"] == "ann"
    assert (await ann.get("/rls_secrets/")).json()["total"] == 1


async def test_each_row_for_itself(ann: httpx2.AsyncClient) -> None:
    """With `atomic=false`, what a policy refuses is that row's own error."""
    rows = [{"name": "one"}, {"name": "two", "owner": "bob"}, {"name": "three"}]
    answer = await ann.post("/rls_secrets/bulk/?atomic=false", json=rows)
    assert answer.status_code == 207
    assert [item["status"] for item in answer.json()["items"]] == [201, 403, 201]


async def test_what_is_refused_is_explained_for_the_user(ann: httpx2.AsyncClient) -> None:
    """A value that is taken is an error that names its row."""
    answer = await ann.post("/rls_secrets/", json={"name": "of bob"})
    assert (answer.status_code, answer.json()["code"]) == (400, "already_exists")
    answer = await ann.post("/rls_secrets/bulk/", json=[{"name": "new"}, {"name": "of ann"}])
    assert (answer.status_code, answer.json()["code"]) == (400, "already_exists")
    # PostgreSQL says no more than that of a table with policies.
    assert answer.json()["errors"][0]["pointer"] == "/1"
