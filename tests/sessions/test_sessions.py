"""Sessions in the user's own endpoints."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from sqlalchemy.orm import selectinload
from sqlmodel import select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from examples.league import Player, Team, User
from modelwire import (
    ConfigurationError,
    Database,
    LazyLoadError,
    SessionDep,
    UnitOfWorkDep,
    get_session,
    mount,
)
from tests import zoo
from tests.conftest import LEAGUE, open_client
from tests.pools import checked_out


def make_app(database: Database) -> FastAPI:
    """An application with endpoints of its own beside the generated ones."""
    app = FastAPI()
    mount(app, database, *LEAGUE)

    @app.post("/unfinished")
    async def unfinished(session: SessionDep) -> None:
        session.add(Team(name="Unfinished"))
        await session.flush()
        raise RuntimeError("on purpose")

    @app.post("/twice")
    async def twice(session: UnitOfWorkDep) -> dict[str, str]:
        session.add(Team(name="Twice"))
        return {"said": "stored"}

    @app.post("/orphan")
    async def orphan(session: SessionDep) -> None:
        session.add(Player(name="Ann", team_id=99))
        await session.commit()

    @app.get("/lazy/{team_id}")
    async def lazy(team_id: int, session: SessionDep) -> int:
        team = await session.get(Team, team_id)
        assert team is not None
        return len(team.players)

    return app


async def _write(session: AsyncSession, way: str) -> None:
    if way == "show":
        (await session.exec(select(Team))).first().name = "LOUD"  # type: ignore[union-attr]
    elif way == "add":
        session.add(Team(name="Lost"))
    elif way == "flush":
        session.add(Team(name="Kept"))
        await session.flush()
    elif way == "delete":
        await session.delete((await session.exec(select(Team))).first())
    else:
        await session.exec(update(Team).values(city="Lost"))


def _make_writer(way: str, end: str) -> Callable[..., Any]:
    """Make an endpoint that writes in some way, and ends in some way."""

    async def own(session: SessionDep) -> None:
        await _write(session, way)
        if end in ("commit", "rollback"):
            await getattr(session, end)()
        if end == "refuse":
            raise HTTPException(409)

    async def unit(session: UnitOfWorkDep) -> None:
        await _write(session, way)

    return unit if end == "unit" else own


async def test_writes_that_are_not_committed(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """An endpoint that returns without a commit is warned of once, unless it rolls back itself.

    An object that was changed to be shown is no write.
    """
    app = FastAPI()
    mount(app, database, *LEAGUE)
    ways = [
        (way, end)
        for end in ("nothing", "rollback", "refuse", "commit", "unit")
        for way in ("show", "add", "flush", "update", "delete")
    ]
    for way, end in ways:
        app.add_api_route(f"/{end}/{way}", _make_writer(way, end), methods=["POST"])
    warned = []
    async with open_client(app) as client:
        for way, end in ways:
            await client.post("/teams/", json={"name": "Red"})
            caplog.clear()
            for _ in range(2):
                await client.post(f"/{end}/{way}")
            told = [r.getMessage() for r in caplog.records if "a commit" in r.getMessage()]
            warned += [(way, end)] * len(told)
            assert all("<locals>.own has returned without a commit" in text for text in told)
    assert warned == [(way, end) for way, end in ways if end == "nothing" and way != "show"]


async def test_error_rolls_back(database: Database) -> None:
    """Writes of an endpoint that fails are not stored."""
    async with open_client(make_app(database)) as client:
        answer = await client.post("/unfinished")
        assert (answer.status_code, answer.json()["code"]) == (500, "unexpected_error")
        assert (await client.get("/teams/")).json()["total"] == 0


async def test_unit_of_work_commits_before_the_answer(database: Database) -> None:
    """An endpoint's unit of work is stored when its answer arrives, and its failure is one."""
    async with open_client(make_app(database)) as client:
        assert (await client.post("/twice")).status_code == 200
        assert (await client.get("/teams/")).json()["total"] == 1
        again = await client.post("/twice")
        assert again.status_code == 400
        assert again.json()["detail"] == "Name already exists"
        assert again.headers["content-type"] == "application/problem+json"


async def test_database_errors_of_own_endpoints_are_explained(database: Database) -> None:
    """A foreign key that fails in the user's own code names the missing parent."""
    async with open_client(make_app(database)) as client:
        answer = await client.post("/orphan")
        assert answer.status_code == 400
        assert answer.json()["detail"] == "Team not found"


async def test_connections_come_back(database: Database) -> None:
    """No connection stays checked out after requests that failed."""
    async with open_client(make_app(database)) as client:
        for path in ("/unfinished", "/orphan", "/twice", "/twice"):
            await client.post(path)
    assert checked_out(database) == 0


async def test_lazy_load_raises_at_once(database: Database) -> None:
    """Reading a relationship that was not loaded names it and says how to load it."""
    async with database.session() as session:
        session.add(Team(name="Red", players=[Player(name="Ann", team_id=1)]))
        await session.commit()
    async with database.session() as session:
        team = (await session.exec(select(Team))).one()
        with pytest.raises(LazyLoadError, match=r"selectinload\(Team\.players\)"):
            _ = team.players
        query = select(Player).with_only_columns(Player)
        player = (await session.exec(query)).one()  # type: ignore[call-overload]
        assert player.team is team  # it is in the session already: nothing has to be loaded


async def test_lazy_load_of_a_parent_raises_at_once(database: Database) -> None:
    """A to-one relationship is not loaded lazily either."""
    async with database.session() as session:
        session.add(Team(name="Red", players=[Player(name="Ann", team_id=1)]))
        await session.commit()
    async with database.session() as session:
        player = (await session.exec(select(Player))).one()
        with pytest.raises(LazyLoadError, match=r"Player\.team"):
            _ = player.team


async def store_families(database: Database) -> list[Any]:
    """Store rows with children, links, and references to them; returns how to get them."""
    chapters = [zoo.Chapter(heading="one")]  # type: ignore[call-arg]
    books = [zoo.Book(title="A", chapters=chapters)]  # type: ignore[call-arg]
    members = [zoo.Person(first_name="Bo", last_name="Li")]
    rows: list[Any] = [
        zoo.Author(name="Ann", books=books),
        zoo.Group(name="Reds", members=members),
        zoo.Category(name="all", children=[zoo.Category(name="some")]),
    ]
    async with database.session() as session:
        session.add_all(rows)
        await session.commit()
    return [(type(row), row.id) for row in rows]


async def see_that_families_are_gone(database: Database) -> None:
    """See that rows went with what belonged to them, and that nothing else did."""
    async with database.session() as session:
        for gone in (zoo.Author, zoo.Book, zoo.Chapter, zoo.Group, zoo.Membership):
            assert (await session.exec(select(gone))).all() == []
        assert (await session.exec(select(zoo.Person.first_name))).all() == ["Bo"]
        assert (await session.exec(select(zoo.Category.parent_id))).all() == [None]


async def test_a_delete_loads_what_it_takes_along(database: Database) -> None:
    """A row is deleted with its children, with its links, and with references to it set to null."""
    keys = await store_families(database)
    async with database.session() as session:
        for key in keys:
            await session.delete(await session.get_one(*key))
        await session.commit()
    await see_that_families_are_gone(database)


@pytest.mark.skipif(not hasattr(AsyncSession, "delete_all"), reason="SQLAlchemy 2.1 has it")
async def test_a_delete_of_several_rows_loads_what_it_takes_along(database: Database) -> None:
    """So do several rows at once."""
    keys = await store_families(database)
    async with database.session() as session:
        await session.delete_all([await session.get_one(*key) for key in keys])
        await session.commit()
    await see_that_families_are_gone(database)


async def merge(session: AsyncSession, row: zoo.Group) -> None:
    await session.merge(row)


async def merge_all(session: AsyncSession, row: zoo.Group) -> None:
    if not hasattr(session, "merge_all"):
        pytest.skip("SQLAlchemy 2.1 has it")
    await session.merge_all([row])


@pytest.mark.parametrize("merging", [merge, merge_all])
async def test_a_merge_loads_what_it_compares(database: Database, merging: Any) -> None:
    """An object that is merged takes the place of the stored row, with its relations."""
    _, group, _ = await store_families(database)
    async with database.session() as session:
        await merging(session, zoo.Group(id=group[1], name="Blues", members=[]))
        await session.commit()
    async with database.session() as session:
        assert (await session.exec(select(zoo.Group.name))).all() == ["Blues"]
        assert (await session.exec(select(zoo.Membership))).all() == []
        with pytest.raises(LazyLoadError):
            _ = (await session.get_one(*group)).members


async def test_lazy_load_in_an_endpoint_is_an_error(database: Database) -> None:
    """An endpoint that loads lazily answers 500, on every row and not just under load."""
    async with open_client(make_app(database)) as client:
        team = (await client.post("/teams/", json={"name": "Red"})).json()
        answer = await client.get(f"/lazy/{team['id']}")
        assert (answer.status_code, answer.json()["code"]) == (500, "unexpected_error")


async def test_eager_loading_works(database: Database) -> None:
    """Relationships that the query loads can be read."""
    async with database.session() as session:
        session.add(Team(name="Red", players=[Player(name="Ann", team_id=1)]))
        await session.commit()
    async with database.session() as session:
        query = select(Team).options(selectinload(Team.players))  # type: ignore[arg-type]
        team = (await session.exec(query)).one()
        assert [player.name for player in team.players] == ["Ann"]


async def test_session_without_a_database(database: Database) -> None:
    """A session dependency in an application without a database says what is missing."""
    app = FastAPI()

    @app.get("/")
    async def read(session: SessionDep) -> None: ...

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        with pytest.raises(ConfigurationError, match="mount"):
            await client.get("/")


async def test_one_database_for_one_application(database: Database) -> None:
    """A second database in one application is refused at start-up."""
    app = FastAPI()
    mount(app, database, *LEAGUE)
    with pytest.raises(ConfigurationError, match="another database"):
        mount(app, Database("sqlite://"))


async def test_savepoint_before_the_first_change(database: Database) -> None:
    """A savepoint that opens a session's work is undone with the session."""
    async with database.session() as session:
        async with session.begin_nested():
            session.add(User(username="ann", email="ann@example.com"))
        await session.rollback()
    async with database.session() as session:
        assert (await session.exec(select(User))).all() == []


async def test_refresh_loads_a_relationship(database: Database) -> None:
    """A relationship that `refresh` names is loaded."""
    async with database.session() as session:
        session.add(Team(name="Red", players=[Player(name="Ann", team_id=1)]))
        await session.commit()
    async with database.session() as session:
        team = (await session.exec(select(Team))).one()
        await session.refresh(team, ["players"])
        assert [player.name for player in team.players] == ["Ann"]


async def test_session_of_another_kind_of_database(databases: dict[str, Database]) -> None:
    """A session on SQLite under an application on PostgreSQL is a mistake, and is said so."""
    app = FastAPI()
    mount(app, databases["postgresql"], *LEAGUE)
    async with databases["sqlite"].session() as session:
        app.dependency_overrides[get_session] = lambda: session
        async with open_client(app) as client:
            answer = await client.get("/users/")
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected_error")


async def test_database_away_in_an_own_endpoint() -> None:
    """An endpoint of the user's own is answered 503 while the database is away."""
    app = FastAPI()
    mount(app, Database("postgresql://nobody@127.0.0.1:1/none"))

    @app.get("/names")
    async def names(session: SessionDep) -> list[str]:
        return [user.username for user in (await session.exec(select(User))).all()]

    async with open_client(app) as client:
        answer = await client.get("/names")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
