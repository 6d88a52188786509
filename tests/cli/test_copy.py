"""`modelwire copy`: rows are the same on the other side, whatever comes in between."""

import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Float, Integer, MetaData, Numeric, Table, Text, text
from sqlmodel import Field, SQLModel

from modelwire import Database
from modelwire.copying import rows, run
from modelwire.copying.progress import Silent
from modelwire.copying.run import Result, copy_database
from modelwire.copying.side import CopyFailed, open_side
from modelwire.copying.values import canonical
from modelwire.errors import ConfigurationError
from tests.cli import copy_models as models
from tests.cli.commands import CONTEXT, TIMEOUT_S, run_command
from tests.conftest import PATIENT, create_postgres_database
from tests.examples import THOROUGH

SEEDS = range(20 if THOROUGH else 1)
WAYS = [("sqlite", "postgresql"), ("postgresql", "sqlite")]
ALL_WAYS = [*WAYS, ("sqlite", "sqlite"), ("postgresql", "postgresql")]


class Place:
    """The two databases of a copy, and the tables that go from one to the other."""

    def __init__(self, source_url: str, target_url: str, metadata: MetaData) -> None:
        self.urls = source_url, target_url
        self.metadata = metadata
        self.source = Database(source_url, metadata=metadata, **PATIENT)
        self.target = Database(target_url, metadata=metadata, **PATIENT)

    async def copy(self, *, resume: bool = False) -> Result:
        source, target = (open_side(url, "FROM") for url in self.urls)
        return await copy_database(source, target, self.metadata, Silent(), resume=resume)

    async def run(self, side: Database, sql: str) -> Any:
        async with side.engine.begin() as connection:
            result = await connection.execute(text(sql))
            return result.scalar() if result.returns_rows else None

    async def check_same(self) -> None:
        there, here = await models.read_all(self.target), await models.read_all(self.source)
        assert there.keys() == here.keys()
        for name, rows_here in here.items():
            for row, copied in zip(rows_here, there[name], strict=True):
                assert copied == row, name


MakePlace = Callable[..., Any]


@pytest_asyncio.fixture
async def make_place(
    postgres_server: str, worker_id: str, tmp_path: Path
) -> AsyncIterator[MakePlace]:
    """Make two empty databases of two kinds."""
    made: list[Place] = []

    async def make(way: tuple[str, str], metadata: MetaData = models.Base.metadata) -> Place:
        urls = [
            f"sqlite:///{tmp_path}/{len(made)}_{side}.db"
            if kind == "sqlite"
            else await create_postgres_database(postgres_server, f"copy_{side}_{worker_id}")
            for side, kind in enumerate(way)
        ]
        made.append(Place(urls[0], urls[1], metadata))
        await made[-1].source.init_db()
        return made[-1]

    yield make
    for place in made:
        await place.source.close_db()
        await place.target.close_db()


@pytest.mark.parametrize("way", ALL_WAYS, ids="-".join)
@pytest.mark.parametrize("seed", SEEDS)
async def test_rows_are_the_same_afterwards(
    make_place: MakePlace, way: tuple[str, str], seed: int
) -> None:
    place = await make_place(way)
    random = Random(f"{way} {seed}")
    await models.fill(place.source, models.draw_rows(random, random.choice([3, 90])))
    result = await place.copy()
    assert result.is_verified, [each.differences for each in result.tables]
    await place.check_same()
    tables = "sqlite_master" if way[1] == "sqlite" else "pg_tables"
    own = f"SELECT count(*) FROM {tables} WHERE {'tbl_' if way[1] == 'sqlite' else 'table'}name"
    assert await place.run(place.target, f"{own} LIKE 'modelwire_%'") == 0


def _copy_until(source: str, target: str, turn: int, *, resume: bool) -> None:
    """Copy, and be killed in the transaction of a piece, once that has been written."""
    import asyncio  # noqa: PLC0415 - as the process has it

    left = [turn]
    insert = rows._insert

    async def insert_and_die(*arguments: Any) -> None:
        await insert(*arguments)
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(rows, "_insert", insert_and_die)  # noqa: B010 - mypy holds that it is no variable
    place = Place(source, target, models.Base.metadata)
    asyncio.run(place.copy(resume=resume))


@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_a_copy_that_is_killed_goes_on_where_it_was(
    make_place: MakePlace, way: tuple[str, str]
) -> None:
    place = await make_place(way)
    random = Random(str(way))
    await models.fill(place.source, models.draw_rows(random, 200))
    turns = [random.randrange(6) for _ in range(8 if THOROUGH else 2)]
    codes = []
    for number, turn in enumerate(turns):
        child = CONTEXT.Process(
            target=_copy_until, args=(*place.urls, turn), kwargs={"resume": number > 0}
        )
        child.start()
        child.join(TIMEOUT_S)
        codes.append(child.exitcode)
        child.close()
    assert codes[0] == -signal.SIGKILL
    assert set(codes) <= {-signal.SIGKILL, 0}
    with pytest.raises(ConfigurationError, match="--resume"):
        await place.copy()
    result = await place.copy(resume=True)
    assert result.is_verified
    assert result.resumed
    await place.check_same()
    again = await place.copy(resume=True)
    assert again.is_verified
    assert again.copied == 0


class Odd(SQLModel, table=True):
    """Values of which one database has more than the other."""

    metadata = MetaData()
    __tablename__ = "copied_odd"

    id: int | None = Field(default=None, primary_key=True)
    name: str | None = None
    ratio: float | None = Field(default=None, sa_column=Column(Float))
    amount: Decimal | None = Field(default=None, sa_column=Column(Numeric))


UNFIT = [
    ("sqlite", "name", "'a' || char(0) || 'b'", "0x00"),
    ("sqlite", "name", "CAST(X'ff' AS TEXT)", "UTF-8|utf-8"),
    ("sqlite", "ratio", "'many'", "float"),
    ("postgresql", "ratio", "'NaN'", "ratio"),
    ("postgresql", "amount", "1234567890.123456789012", "amount"),
]


@pytest.mark.parametrize(("kind", "column", "value", "why"), UNFIT)
async def test_what_the_target_can_not_have_is_named_and_its_piece_undone(
    make_place: MakePlace, kind: str, column: str, value: str, why: str
) -> None:
    place = await make_place(next(way for way in WAYS if way[0] == kind), Odd.metadata)
    filling = ", ".join(f"({i}, {i})" for i in range(1, 41))
    await place.run(place.source, f"INSERT INTO copied_odd (id, ratio) VALUES {filling}")
    await place.run(place.source, f"UPDATE copied_odd SET {column} = {value} WHERE id = 33")
    with pytest.raises(CopyFailed, match=why) as caught:
        await place.copy()
    assert "copied_odd" in str(caught.value)
    assert "33" in str(caught.value) or "after the key 32" in str(caught.value)
    there = await place.run(place.target, "SELECT count(*) FROM copied_odd")
    assert there == await place.run(place.target, "SELECT sum(rows) FROM modelwire_copies")
    await place.run(place.source, f"UPDATE copied_odd SET {column} = NULL WHERE id = 33")
    result = await place.copy(resume=True)
    assert result.is_verified
    assert result.tables[0].target.rows == 40


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_counters_never_go_back(make_place: MakePlace, kind: str) -> None:
    """Numbers that the target has given by itself, though their rows are gone, are not reused."""
    place = await make_place((kind, "postgresql"), Odd.metadata)
    await place.run(place.source, "INSERT INTO copied_odd (id) VALUES (1), (2), (3)")
    await place.copy()
    counter = "pg_get_serial_sequence('copied_odd', 'id')"
    assert await place.run(place.target, f"SELECT nextval({counter})") == 4
    await place.run(place.target, f"SELECT setval({counter}, 500)")
    assert (await place.copy(resume=True)).is_verified
    assert await place.run(place.target, f"SELECT nextval({counter})") == 501


PLANTED = [
    ("UPDATE copied_odd SET name = 'other' WHERE id = 7", "7", "name differs"),
    ("DELETE FROM copied_odd WHERE id = 7", "7", "it is missing in the target"),
    ("INSERT INTO copied_odd (id) VALUES (41)", "41", "it is only in the target"),
]


@pytest.mark.parametrize(("change", "key", "told"), PLANTED)
@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_what_differs_in_the_end_is_found(
    make_place: MakePlace,
    monkeypatch: pytest.MonkeyPatch,
    way: tuple[str, str],
    change: str,
    key: str,
    told: str,
) -> None:
    place = await make_place(way, Odd.metadata)
    filling = ", ".join(f"({i}, 'name {i}')" for i in range(1, 41))
    await place.run(place.source, f"INSERT INTO copied_odd (id, name) VALUES {filling}")

    async def spoil(*_: Any) -> None:
        await place.run(place.target, change)

    monkeypatch.setattr(run, "set_counters", spoil)
    result = await place.copy()
    assert not result.is_verified
    assert [tuple(found) for found in result.tables[0].differences] == [("copied_odd", key, told)]


@pytest.mark.parametrize("way", ALL_WAYS, ids="-".join)
async def test_new_rows_are_numbered_behind_those_that_ever_were(
    make_place: MakePlace, way: tuple[str, str]
) -> None:
    place = await make_place(way)
    await models.fill(place.source, models.draw_rows(Random(str(way)), 30))
    assert (await place.copy()).is_verified
    new = "INSERT INTO copied_tickets (text) VALUES ('new') RETURNING id"
    last = await place.run(place.target, "SELECT max(id) FROM copied_tickets")
    assert await place.run(place.target, new) > last


async def test_a_number_that_was_given_away_is_not_given_again(make_place: MakePlace) -> None:
    place = await make_place(("postgresql", "postgresql"), Odd.metadata)
    for _ in range(3):
        await place.run(place.source, "INSERT INTO copied_odd (name) VALUES ('a')")
    await place.run(place.source, "DELETE FROM copied_odd WHERE id = 3")
    assert (await place.copy()).is_verified
    new = "INSERT INTO copied_odd (name) VALUES ('b') RETURNING id"
    assert await place.run(place.target, new) == 4


async def test_a_copy_goes_on_from_its_own_source_alone(
    make_place: MakePlace, tmp_path: Path
) -> None:
    place = await make_place(WAYS[0], Odd.metadata)
    await place.run(place.source, "INSERT INTO copied_odd (name) VALUES ('a' || char(0))")
    with pytest.raises(CopyFailed):
        await place.copy()
    other = Place(f"sqlite:///{tmp_path}/other.db", place.urls[1], Odd.metadata)
    await other.source.init_db()
    with pytest.raises(ConfigurationError, match=r"an unfinished copy of sqlite:///.*_0\.db"):
        await other.copy(resume=True)
    await other.source.close_db()
    await other.target.close_db()


async def test_a_column_that_the_target_requires_and_the_model_lacks_is_named(
    make_place: MakePlace,
) -> None:
    """The source may have such a column."""
    metadata = MetaData()
    Table("books", metadata, Column("id", Integer, primary_key=True))
    place = await make_place(("sqlite", "sqlite"), metadata)
    await place.run(place.source, "DROP TABLE books")
    for side in (place.source, place.target):
        await place.run(side, "CREATE TABLE books (id INTEGER PRIMARY KEY, pages INTEGER NOT NULL)")
    with pytest.raises(ConfigurationError, match=r"^TO .* books requires a value in pages, a col"):
        await place.copy()


@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-10, max_value=10),
    st.integers(0, 6),
)
def test_numbers_have_one_form(number: Decimal, zeros: int) -> None:
    padded = number.quantize(Decimal(1).scaleb(-6 - zeros))
    assert canonical(padded) == canonical(number)
    assert canonical(number + Decimal("0.0000001")) != canonical(number)


MODULE = """
from sqlmodel import Field, SQLModel


class Book(SQLModel, table=True):
    __tablename__ = "books"

    id: int | None = Field(default=None, primary_key=True)
    title: str
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a module of tables."""
    (tmp_path / "shop.py").write_text(MODULE)
    return tmp_path


async def test_the_command(shop: Path, postgres_server: str, worker_id: str) -> None:
    url = await create_postgres_database(postgres_server, f"copy_command_{worker_id}")
    source = Database(f"sqlite:///{shop}/shop.db", metadata=MetaData(), **PATIENT)
    async with source.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT)"))
        await connection.execute(text("INSERT INTO books VALUES (1, 'Emma'), (5, 'Persuasion')"))
    await source.close_db()
    done = run_command(["copy", "shop.py", "sqlite:///shop.db", url, "--json"], shop, {})
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["verified"]
    assert (told["rows"], told["copied"], told["resumed"]) == (2, 2, False)
    assert told["tables"][0]["table"] == "books"
    again = run_command(["copy", "shop.py", "sqlite:///shop.db", url], shop, {})
    assert again.returncode == 2
    assert "has rows in books already" in again.stderr
    target = Database(url, metadata=MetaData(), **PATIENT)
    async with target.engine.begin() as connection:
        await connection.execute(text("UPDATE books SET title = 'Sanditon' WHERE id = 5"))
    await target.close_db()
    resumed = run_command(["copy", "shop.py", "sqlite:///shop.db", url, "--resume"], shop, {})
    assert resumed.returncode == 1
    assert "books, the row with the key 5: title differs" in resumed.stderr


WRONG = [
    (["sqlite:///shop.db", "postgresql://a/b"], "modelwire copy main.py sqlite:///shop.db"),
    (["shop.py", "sqlite:///shop.db"], "Say where to"),
    (["sqlite:///shop.db", "postgresql://a/b", "sqlite:///x.db"], "the module of the tables first"),
    (["shop.py", "sqlite:///gone.db", "sqlite:///x.db"], "FROM: there is no file"),
    (["shop.py", "sqlite:///shop.py", "sqlite:///shop.py"], "are the same database"),
    (["shop.py", "mysql://a/b", "sqlite:///x.db"], "FROM: The database URL starts with mysql://"),
    (["shop.py", "sqlite:///shop.py", "sqlite://"], "TO: a database in memory"),
    (["gone.py", "sqlite:///shop.py", "sqlite:///x.db"], "There is no file gone.py"),
]


@pytest.mark.parametrize(("words", "told"), WRONG)
def test_wrong_words_are_answered_by_one_line(shop: Path, words: list[str], told: str) -> None:
    done = run_command(["copy", *words], shop, {})
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_tables_without_a_key_are_copied_whole(
    make_place: MakePlace, way: tuple[str, str]
) -> None:
    metadata = MetaData()
    Table("copied_keyless", metadata, Column("number", Integer), Column("name", Text))
    place = await make_place(way, metadata)
    filling = ", ".join(f"({i % 7}, 'same')" for i in range(50))
    await place.run(place.source, f"INSERT INTO copied_keyless VALUES {filling}, (NULL, NULL)")
    result = await place.copy()
    assert result.is_verified
    assert result.tables[0].target.rows == 51
    await place.run(place.target, "UPDATE copied_keyless SET name = 'other' WHERE number = 3")
    again = await place.copy(resume=True)
    assert not again.is_verified
    assert {found.key for found in again.tables[0].differences} == {"3, same", "3, other"}
