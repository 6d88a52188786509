"""Statements of docs/index.md on peers, tested where `make bench` has installed them."""

from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, event, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.conftest import open_client

pytestmark = pytest.mark.filterwarnings("ignore")  # peers warn of what is old in others


class Base(DeclarativeBase):
    """The tables, which no other test has."""


class Club(Base):
    __tablename__ = "clubs"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    city: Mapped[str | None]


class Member(Base):
    __tablename__ = "members"

    id: Mapped[int] = mapped_column(primary_key=True)
    club_id: Mapped[int] = mapped_column(ForeignKey("clubs.id"))


class ClubIn(BaseModel):
    name: str | None = None


class ClubOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str


class MemberIn(BaseModel):
    club_id: int


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine whose database has the tables."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/clubs.db")

    @event.listens_for(engine.sync_engine, "connect")
    def check_keys(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def fastcrud_app(engine: AsyncEngine) -> FastAPI:
    """The application that FastCRUD's `crud_router` makes of the tables."""
    peer = pytest.importorskip("fastcrud", reason="`make bench` installs it")

    async def open_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session

    app = FastAPI()
    for model, schema, path in ((Club, ClubIn, "/clubs"), (Member, MemberIn, "/members")):
        router = peer.crud_router(
            session=open_session, model=model, create_schema=schema, update_schema=schema, path=path
        )
        app.include_router(router)
    return app


@pytest_asyncio.fixture
async def fastcrud(fastcrud_app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of that, with two clubs in the tables."""
    async with open_client(fastcrud_app) as client:
        for name in ("Reds", "Blues"):
            await client.post("/clubs", json={"name": name})
        yield client


async def test_fastcrud_ignores_misspelt_filters(fastcrud: httpx2.AsyncClient) -> None:
    """A list whose filter is misspelt is the list of everything."""
    assert len((await fastcrud.get("/clubs?nam=Reds")).json()["data"]) == 2


async def test_fastcrud_orders_no_pages(fastcrud: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    """Pages are cut by LIMIT and OFFSET from rows in no order."""
    sent: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    await fastcrud.get("/clubs?offset=0&limit=1")
    (page,) = [statement for statement in sent if "OFFSET" in statement]
    assert "ORDER BY" not in page


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [("PATCH", "/clubs/2", {"name": "Reds"}), ("POST", "/members", {"club_id": 9})],
)
async def test_fastcrud_fails_where_a_constraint_does(
    fastcrud: httpx2.AsyncClient, method: str, url: str, body: dict[str, Any]
) -> None:
    """A name that a change takes twice, or a parent that is missing, is answered 500."""
    assert (await fastcrud.request(method, url, json=body)).status_code == 500


async def test_fastcrud_shows_the_value_that_is_taken(fastcrud: httpx2.AsyncClient) -> None:
    """Of a create whose name is taken, the error has the value, and not the field."""
    answer = await fastcrud.post("/clubs", json={"name": "Reds"})
    assert (answer.status_code, answer.json()) == (
        422,
        {"detail": "Value Reds is already registered"},
    )


@pytest_asyncio.fixture
async def paginated(engine: AsyncEngine) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a list by cursor of fastapi-pagination's; of thirty clubs some have no city."""
    pytest.importorskip("sqlakeyset", reason="`make bench` installs it")
    from fastapi_pagination import add_pagination  # noqa: PLC0415 - it imports that one
    from fastapi_pagination.cursor import CursorPage  # noqa: PLC0415
    from fastapi_pagination.ext.sqlalchemy import apaginate  # noqa: PLC0415

    app = FastAPI()

    @app.get("/clubs")
    async def list_clubs() -> CursorPage[ClubOut]:
        async with AsyncSession(engine) as session:
            return await apaginate(session, select(Club).order_by(Club.city, Club.id))

    add_pagination(app)
    async with AsyncSession(engine) as session:
        cities = [None if number % 3 == 0 else "Bern" for number in range(30)]
        session.add_all([Club(name=f"{n}", city=city) for n, city in enumerate(cities)])
        await session.commit()
    async with open_client(app) as client:
        yield client


async def test_fastapi_pagination_loses_rows_with_null(paginated: httpx2.AsyncClient) -> None:
    """Paging by a column that may be NULL loses rows."""
    seen, params = 0, {"size": "4"}
    while True:
        page = (await paginated.get("/clubs", params=params)).json()
        seen += len(page["items"])
        if not page["next_page"]:
            break
        params["cursor"] = page["next_page"]
    assert seen < 30


async def test_fastapi_pagination_fails_on_a_damaged_cursor(paginated: httpx2.AsyncClient) -> None:
    """A cursor that was never given out is answered 500."""
    assert (await paginated.get("/clubs?cursor=aW52YWxpZA==")).status_code == 500


WAYS = ("advanced-alchemy", "by hand")


@pytest_asyncio.fixture(params=WAYS)
async def own(
    request: pytest.FixtureRequest, engine: AsyncEngine, tmp_path: Path
) -> AsyncIterator[tuple[FastAPI, AsyncEngine]]:
    """An application of endpoints on a session that its dependency commits, and its engine."""
    app = FastAPI()
    url = f"sqlite+aiosqlite:///{tmp_path}/clubs.db"
    provide, used = _provide(app, request.param, engine, url)

    @app.post("/clubs", status_code=201)
    async def create_club(club: ClubIn, session: AsyncSession = Depends(provide)) -> None:
        session.add(Club(name=club.name))
        await session.flush()

    @app.post("/members", status_code=201)
    async def create_member(member: MemberIn, session: AsyncSession = Depends(provide)) -> None:
        await session.execute(text("PRAGMA foreign_keys = ON"))
        session.add(Member(club_id=member.club_id))
        await session.flush()

    yield app, used
    await used.dispose()


def _provide(app: FastAPI, way: str, engine: AsyncEngine, url: str) -> tuple[Any, AsyncEngine]:
    """Return the session dependency of an endpoint, and its engine."""
    if way == "by hand":

        async def commit_at_the_end() -> AsyncIterator[AsyncSession]:
            async with AsyncSession(engine) as session:
                yield session
                await session.commit()

        return commit_at_the_end, engine
    peer = pytest.importorskip(
        "advanced_alchemy.extensions.fastapi", reason="`make bench` installs it"
    )
    config = peer.SQLAlchemyAsyncConfig(connection_string=url, commit_mode="autocommit")
    return peer.AdvancedAlchemy(config=config, app=app).provide_session(), config.get_engine()


async def order_of_create(app: FastAPI, engine: AsyncEngine) -> list[str]:
    """Return the order of events when a club is created: parts of the response, and commits."""
    order: list[str] = []
    event.listen(engine.sync_engine, "commit", lambda _: order.append("commit"))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b'{"name": "Greens"}', "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        order.append(message["type"])

    headers = [(b"content-type", b"application/json")]
    place = {"path": "/clubs", "query_string": b"", "root_path": "", "state": {}}
    head = {"type": "http", "method": "POST", "headers": headers, "scheme": "http"}
    await app({**head, **place}, receive, send)
    return order


async def test_own_commit_comes_after_the_answer(own: tuple[FastAPI, AsyncEngine]) -> None:
    """A session that its dependency commits is committed when the answer has been sent."""
    assert await order_of_create(*own) == ["http.response.start", "http.response.body", "commit"]


async def test_fastcrud_commits_before_the_answer(
    fastcrud_app: FastAPI, engine: AsyncEngine
) -> None:
    """FastCRUD's endpoints commit themselves."""
    order = await order_of_create(fastcrud_app, engine)
    assert order.index("commit") < order.index("http.response.start")


@pytest.mark.parametrize(
    ("url", "body"), [("/clubs", {"name": "Reds"}), ("/members", {"club_id": 9})]
)
async def test_own_endpoints_fail_where_a_constraint_does(
    own: tuple[FastAPI, AsyncEngine], url: str, body: dict[str, Any]
) -> None:
    """An unhandled refusal by the database is answered 500."""
    async with open_client(own[0]) as client:
        await client.post("/clubs", json={"name": "Reds"})
        assert (await client.post(url, json=body)).status_code == 500


async def test_misspelt_parameters_are_ignored_by_hand() -> None:
    """FastAPI passes over parameters that an endpoint does not have."""
    app = FastAPI()

    @app.get("/clubs")
    async def list_clubs(name: str | None = None) -> list[str]:
        return [club for club in ("Reds", "Blues") if name in {None, club}]

    async with open_client(app) as client:
        assert (await client.get("/clubs?nam=Reds")).json() == ["Reds", "Blues"]
