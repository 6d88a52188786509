"""Files are subject to the rules of HTTP: callers, policies, hooks, constraints."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
from fastapi import FastAPI, Header, HTTPException
from sqlalchemy import DDL, ForeignKeyConstraint, MetaData
from sqlmodel import Field, SQLModel, select

from modelwire import Caller, Change, Database, Hooks, Policy, Resource, everyone, mount
from modelwire.cli.ask import Failed
from modelwire.cli.transfer.export import Wanted, export
from modelwire.cli.transfer.imports import Imported, Order, import_rows
from modelwire.errors import ConfigurationError
from tests.conftest import PATIENT, create_postgres_database
from tests.lanes import DIALECTS

METADATA = MetaData()


class MovedNote(SQLModel, table=True):
    __tablename__ = "moved_notes"
    metadata = METADATA

    id: int | None = Field(default=None, primary_key=True)
    owner: str
    text: str
    password: str = "none"


class MovedPage(SQLModel, table=True):
    __tablename__ = "moved_pages"
    metadata = METADATA

    id: int | None = Field(default=None, primary_key=True)


class MovedMark(SQLModel, table=True):
    __tablename__ = "moved_marks"
    metadata = METADATA

    id: int | None = Field(default=None, primary_key=True)
    page: int | None = None
    __table_args__ = (
        ForeignKeyConstraint(
            ["page"], ["moved_pages.id"], deferrable=True, initially="DEFERRED", name="is_on"
        ),
    )


class Writer(NamedTuple):
    name: str


async def read_writer(x_user: Annotated[str | None, Header()] = None) -> Writer:
    if x_user is None:
        raise HTTPException(401, "Say who you are")
    return Writer(x_user)


me = Caller(read_writer, key="name")
TOLD: list[str] = []


async def tell(change: Change) -> None:
    TOLD.append(change.operation)


async def fail(change: Change) -> None:
    if any(row.new is not None and row.new.text == "fault" for row in change.rows):
        raise RuntimeError


NOTES = Resource(
    MovedNote,
    policy=Policy(read=MovedNote.owner == me.name),
    hooks=Hooks(before_create=[fail], after_commit=[tell]),
    max_bulk_rows=2,
)
MARKS = Resource(MovedMark, policy=Policy(read=everyone))
ANN = [(b"x-user", b"ann")]
BOB = [(b"x-user", b"bob")]


@pytest.fixture(params=DIALECTS)
async def app(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: str, worker_id: str
) -> AsyncIterator[FastAPI]:
    """An application with callers, policies and hooks."""
    url = f"sqlite:///{tmp_path / 'notes.db'}"
    if request.param == "postgresql":
        url = await create_postgres_database(postgres_server, f"modelwire_moved_{worker_id}")
    database = Database(url, metadata=METADATA, **PATIENT)
    app = FastAPI(lifespan=database.lifespan)
    mount(app, database, NOTES, MARKS, caller=me)
    TOLD.clear()
    yield app
    await database.close_db()


async def store(app: FastAPI, path: Path, rows: list[dict[str, Any]], **options: Any) -> Imported:
    path.write_text("\n".join(map(json.dumps, rows)))
    return await import_rows(app, Order("moved_notes", path, **options), ANN)


async def count(app: FastAPI) -> int:
    database: Database = app.state.modelwire_database
    async with database.session() as session:
        found = len((await session.exec(select(MovedNote.id))).all())
    await database.close_db()
    return found


async def test_caller_takes_out_and_brings_in_what_is_theirs(app: FastAPI, tmp_path: Path) -> None:
    """Policies hold, hidden fields are hidden, and who does not say who they are is refused."""
    rows = [{"owner": who, "text": f"{who} {i}"} for i in range(3) for who in ("ann", "bob")]
    refused = tmp_path / "refused.jsonl"
    done = await store(app, tmp_path / "all.jsonl", rows, refused=refused)
    assert (done.stored, done.refused) == (3, 3)
    file = tmp_path / "notes.csv"
    (exported,) = await export(app, Wanted(["moved_notes"], (), str(file)), ANN)
    assert exported.rows == 3
    assert file.read_text().splitlines()[0] == "id,owner,text"
    (others,) = await export(
        app, Wanted(["moved_notes"], (), str(tmp_path / "b.csv")), [(b"x-user", b"bob")]
    )
    assert others.rows == 0
    for asked in (
        export(app, Wanted(["moved_notes"], (), str(tmp_path / "c.csv")), []),
        import_rows(app, Order("moved_notes", tmp_path / "all.jsonl"), []),
    ):
        with pytest.raises(Failed, match=r"401 Say who you are; --token or --header"):
            await asked
    assert not (tmp_path / "c.csv").exists()


async def test_hooks_after_the_commit_wait_for_it(app: FastAPI, tmp_path: Path) -> None:
    """In one transaction of many requests they run when that is committed, or never."""
    rows = [{"owner": "ann", "text": str(i)} for i in range(5)]
    await store(app, tmp_path / "a.jsonl", rows, is_dry=True)
    await store(app, tmp_path / "b.jsonl", [*rows, {}], is_atomic=True, refused=tmp_path / "r")
    assert (TOLD, await count(app)) == ([], 0)
    await store(app, tmp_path / "a.jsonl", rows, is_atomic=True)
    assert (TOLD, await count(app)) == (["create"] * 3, 5)
    await store(app, tmp_path / "a.jsonl", rows[:2])
    assert (len(TOLD), await count(app)) == (4, 7)


@pytest.mark.parametrize(
    ("options", "stored"),
    [
        ({}, "3 rows before it are stored, 1 refused"),
        ({"is_atomic": True}, "nothing is stored"),
    ],
)
async def test_error_of_a_hook_tells_how_far_the_import_came(
    app: FastAPI, tmp_path: Path, options: dict[str, bool], stored: str
) -> None:
    """An error that is about no row stops the import, which names the request and the state."""
    rows = [{"owner": "ann", "text": text} for text in ("a", "b", "c", "d", "e", "fault", "g")]
    rows[3]["owner"] = "bob"
    asked = store(app, tmp_path / "a.jsonl", rows, refused=tmp_path / "r", **options)
    with pytest.raises(Failed, match=rf"the request with lines 5 to 6.*{stored}$") as caught:
        await asked
    assert "500" in str(caught.value)
    assert await count(app) == (0 if options else 3)


@pytest.mark.parametrize("options", [{"is_atomic": True}, {"is_dry": True}])
async def test_deferred_constraint_refuses_all(
    app: FastAPI, tmp_path: Path, options: dict[str, bool]
) -> None:
    """A refusal at COMMIT is reported without values, and nothing is stored."""
    file = tmp_path / "marks.jsonl"
    file.write_text('{}\n{}\n{"page": 999}\n')
    asked = import_rows(app, Order("moved_marks", file, **options), ANN)  # type: ignore[arg-type]
    if "is_dry" in options and app.state.modelwire_database.dialect == "sqlite":
        # Which checks what is deferred nowhere but at COMMIT.
        assert (await asked).refused == 0
    else:
        with pytest.raises(Failed, match="nothing was stored") as caught:
            await asked
        assert "999" not in str(caught.value)
    (exported,) = await export(app, Wanted(["moved_marks"], (), str(tmp_path / "a.csv")), ANN)
    assert exported.rows == 0


async def test_trigger_that_ends_the_transaction_leaves_nothing(
    app: FastAPI, tmp_path: Path
) -> None:
    """A SQLite trigger that rolls back everything also keeps later rows from being stored."""
    database: Database = app.state.modelwire_database
    if database.dialect != "sqlite":
        return  # no trigger of PostgreSQL's can
    await database.init_db()
    async with database.engine.begin() as connection:
        await connection.execute(
            DDL(
                "CREATE TRIGGER ends BEFORE INSERT ON moved_notes WHEN new.text = 'end' "
                "BEGIN SELECT RAISE(ROLLBACK, 'end'); END"
            )
        )
    rows = [{"owner": "ann", "text": text} for text in ("a", "b", "c", "end", "d", "e")]
    with pytest.raises(Failed):
        await store(app, tmp_path / "a.jsonl", rows, is_atomic=True, refused=tmp_path / "r")
    assert await count(app) == 0


async def test_large_rows_are_sent_in_smaller_requests(app: FastAPI, tmp_path: Path) -> None:
    """Requests keep to the limit of their bytes; a row that is larger alone is refused."""
    limit = app.state.modelwire_database.settings.max_body_bytes
    sizes = (limit // 2, limit // 2, limit // 3, limit, 1)
    rows = [{"owner": "ann", "text": "x" * size} for size in sizes]
    done = await store(app, tmp_path / "a.jsonl", rows, refused=tmp_path / "refused.jsonl")
    assert (done.stored, done.refused) == (4, 1)
    assert done.first == [f"line 4: The body should have at most {limit} bytes"]


async def test_tables_that_are_missing_are_named(app: FastAPI, tmp_path: Path) -> None:
    """Missing tables are reported, and no request is sent."""
    database = Database(app.state.modelwire_database.url.render_as_string(hide_password=False))
    bare = FastAPI()
    mount(bare, database, MARKS)
    (tmp_path / "notes.db").touch()
    with pytest.raises(Failed, match="has no table moved_marks: nothing has created it"):
        await export(bare, Wanted(["moved_marks"], (), str(tmp_path / "a.csv")), [])


async def test_rows_that_are_only_a_part_of_a_file_are_none(app: FastAPI, tmp_path: Path) -> None:
    """A resource without the operation that is needed says which."""
    bare = FastAPI()
    database: Database = app.state.modelwire_database
    await database.init_db()
    mount(bare, database, Resource(MovedNote, operations=["read", "list"]))
    with pytest.raises(ConfigurationError, match="`stream`"):
        await export(bare, Wanted(["moved_notes"], (), str(tmp_path / "a.csv")), [])
    (left_out,) = await export(bare, Wanted([], (), str(tmp_path / "out")), [])
    assert left_out == ("moved_notes", None, None)
    (tmp_path / "a.jsonl").write_text("{}")
    with pytest.raises(ConfigurationError, match="`bulk_create`"):
        await import_rows(bare, Order("moved_notes", tmp_path / "a.jsonl"), [])
