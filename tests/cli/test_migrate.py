"""`modelwire migrate`, as a person or a script runs it: processes in a folder of their own."""

import asyncio
import json
import os
import pty
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from modelwire import Database
from tests.cli.commands import Done, run_command
from tests.conftest import create_postgres_database
from tests.lanes import DIALECTS

ROOT = Path(__file__).parents[2]

MODELS = """
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlmodel import Field, Relationship, SQLModel


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Author(SQLModel, table=True):
    __tablename__ = "authors"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, min_length=1, max_length=100)
    books: list["Book"] = Relationship(back_populates="author")


class Book(SQLModel, table=True):
    __tablename__ = "books"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(max_length=200)
    size: Size = Size.SMALL
    price: Decimal = Field(max_digits=8, decimal_places=2)
    made_at: datetime
    author_id: int = Field(foreign_key="authors.id", ondelete="CASCADE", index=True)
    author: Author = Relationship(back_populates="books")
"""
ROWS = (
    "INSERT INTO authors (name) VALUES ('Jane Austen')",
    "INSERT INTO books (title, size, price, made_at, author_id) "
    "VALUES ('Emma', 'SMALL', 9.5, '2026-01-31 12:00:00', 1)",
)


class Project:
    """A folder with models, and the database of one kind that they are for."""

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.url = url
        self.write(MODELS)

    def write(self, models: str) -> None:
        (self.path / "models.py").write_text(models)

    def change(self, old: str, new: str) -> None:
        """Change the models."""
        text = (self.path / "models.py").read_text()
        assert old in text
        self.write(text.replace(old, new))

    def run(self, *arguments: str, **environment: str) -> Done:
        """Run the command."""
        given = {"MODELWIRE_DATABASE_URL": self.url, **environment}
        done = run_command(["migrate", *arguments], self.path, given)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def do(self, *arguments: str) -> str:
        """Run the command, which must succeed; returns what it says."""
        done = self.run(*arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def fail(self, status: int, *arguments: str) -> str:
        """Run the command, which must fail; returns all that it says."""
        done = self.run(*arguments)
        assert done.returncode == status, (arguments, done)
        return done.stdout + done.stderr

    def start(self) -> None:
        """Make the first step, and apply it."""
        self.do("make", "first tables", "--app", "models.py")
        self.do("apply")

    def move(self, text: str, *options: str) -> None:
        """Make a step and apply it; there and back again, and models and database agree."""
        self.do("make", text, *options)
        self.do("apply", "--yes")
        self.do("back", "--yes")
        self.do("apply", "--yes")
        self.agree()

    def agree(self) -> None:
        assert self.do("check") == "Models and database agree\n"

    def steps(self) -> list[str]:
        """The files of the steps, in the order in which they were written."""
        files = (self.path / "migrations/versions").glob("*.py")
        return [f.name for f in sorted(files, key=lambda file: file.stat().st_mtime_ns)]

    def text(self) -> str:
        """The text of the last step."""
        return (self.path / "migrations/versions" / self.steps()[-1]).read_text()

    async def ask(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements on the database; returns the rows of the last."""
        database = Database(self.url)
        try:
            async with database.engine.begin() as connection:
                for statement in statements:
                    found = await connection.exec_driver_sql(statement)
                return [tuple(row) for row in found] if found.returns_rows else []
        finally:
            await database.close_db()


@pytest.fixture(params=DIALECTS)
def url(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shop.db"
    server = request.getfixturevalue("postgres_server")
    return asyncio.run(create_postgres_database(server, f"modelwire_migrate_{worker_id}"))


@pytest.fixture
def project(tmp_path: Path, url: str) -> Project:
    """A folder with models, on each database."""
    return Project(tmp_path, url)


@pytest.fixture
def local(tmp_path: Path) -> Project:
    """A folder with models, on SQLite: for what is the same on both."""
    return Project(tmp_path, f"sqlite:///{tmp_path}/shop.db")


async def test_first_step(project: Project) -> None:
    """The first step makes the tables, which rows go into; there is nothing to write then."""
    assert "Written: migrations/versions/" in project.do(
        "make", "first tables", "--app", "models.py"
    )
    text = project.text()
    assert "import sqlmodel" not in text
    assert "sa.String(length=100)" in text
    assert "sa.DateTime(timezone=True)" in text
    assert "to come" in project.fail(1, "check")
    assert project.do("apply").startswith("Applied: first tables (")
    assert project.do("apply") == "Every step is applied\n"
    project.agree()
    assert "nothing to write" in project.do("make", "nothing")
    await project.ask(*ROWS)
    assert project.do("show").startswith("applied  ")
    assert len(project.steps()) == 1


async def test_own_tables(project: Project) -> None:
    """modelwire's own tables are made by apply, and are no part of any step."""
    project.start()
    assert await project.ask("SELECT count(*) FROM modelwire_idempotency_keys") == [(0,)]
    assert await project.ask("SELECT count(*) FROM modelwire_secrets") == [(0,)]
    assert "modelwire_" not in project.text()


async def test_view(project: Project) -> None:
    """A view is created by no step, and missed by none, whether it exists or not."""
    view = (
        "class Tally(SQLModel, table=True):\n"
        '    __table_args__ = {"info": {"is_view": True}}\n\n'
        "    size: Size = Field(primary_key=True)\n"
        "    books: int\n"
    )
    project.write(f"{MODELS}\n\n{view}")
    project.start()
    assert "tally" not in project.text()
    project.agree()
    await project.ask(
        "CREATE VIEW tally AS SELECT size, count(*) AS books FROM books GROUP BY size"
    )
    project.agree()


async def test_back_and_forth(project: Project) -> None:
    """The first step can be undone and applied again, enums and all."""
    project.start()
    refused = project.fail(2, "back")
    assert "drops the table books" in refused
    assert "--yes" in refused
    assert project.do("back", "--yes").startswith("Undone: first tables (")
    assert "to come" in project.do("show")
    project.do("apply")
    project.agree()


async def test_renamed_column(project: Project) -> None:
    """A column that is gone while another is new is not lost: it is asked for what it is."""
    project.start()
    await project.ask(*ROWS)
    project.change("name: str = Field(unique", "full_name: str = Field(unique")
    refused = project.fail(2, "make", "names")
    assert refused == (
        "modelwire: authors.name is gone and full_name is new: say "
        "--rename authors.name=full_name, or --drop authors.name to lose it\n"
    )
    assert len(project.steps()) == 1
    project.move("names", "--rename", "name=full_name")
    assert await project.ask("SELECT full_name FROM authors") == [("Jane Austen",)]
    assert await project.ask("SELECT title, author_id FROM books") == [("Emma", 1)]


async def test_renamed_column_with_index(project: Project) -> None:
    """An indexed foreign key is renamed, rows and all, and its index with it."""
    project.start()
    await project.ask(*ROWS)
    project.change("author_id: int", "writer_id: int")
    project.move("writers", "--rename", "books.author_id=writer_id")
    assert await project.ask("SELECT writer_id FROM books") == [(1,)]


async def test_dropped_column(project: Project) -> None:
    """A column that is gone is dropped once that is confirmed; then again to apply it."""
    project.start()
    await project.ask(*ROWS)
    project.change("    price: Decimal = Field(max_digits=8, decimal_places=2)\n", "")
    assert "Loses data: drops the column books.price" in project.fail(2, "make", "no price")
    assert len(project.steps()) == 1
    project.do("make", "no price", "--drop", "books.price")
    assert "no price drops the column books.price" in project.fail(2, "apply")
    assert "to come" in project.do("show")
    project.do("apply", "--yes")
    project.agree()
    assert await project.ask("SELECT title FROM books") == [("Emma",)]


async def test_new_columns(project: Project) -> None:
    """New columns have their default in the rows that are there, whichever type they are of."""
    project.start()
    await project.ask(*ROWS)
    project.change(
        "    price: Decimal",
        '    pages: int = 10\n    sold: bool = True\n    kind: str = "novel"\n'
        "    cover: Size = Size.LARGE\n    note: str | None = None\n"
        "    weight: float = 1.5\n    price: Decimal",
    )
    project.move("more columns")
    found = await project.ask("SELECT pages, sold, kind, cover, note, weight FROM books")
    assert found == [(10, True, "novel", "LARGE", None, 1.5)]


async def test_new_column_without_default(project: Project) -> None:
    """A required column without a default is said to have no value; the step fails as a whole."""
    project.start()
    await project.ask(*ROWS)
    project.change("    price: Decimal", "    pages: int\n    price: Decimal")
    done = project.run("make", "pages")
    assert done.returncode == 0
    assert done.stderr.startswith("books.pages has no default, and may not be NULL")
    failed = project.fail(1, "apply")
    assert failed.startswith("modelwire: pages (")
    assert "has failed, and is undone" in failed
    assert len(failed.splitlines()) == 1
    assert "to come" in project.do("show")
    await project.ask("DELETE FROM books")
    project.do("apply")
    project.agree()


async def test_constraints_and_indexes(project: Project) -> None:
    """Uniqueness, foreign keys and indexes come and go, and rows stay."""
    project.start()
    await project.ask(*ROWS)
    project.change("title: str = Field(", "title: str = Field(unique=True, ")
    project.change('ondelete="CASCADE", index=True', 'ondelete="RESTRICT"')
    project.move("constraints")
    project.change("title: str = Field(unique=True, ", "title: str = Field(index=True, ")
    project.move("an index")
    assert await project.ask("SELECT title FROM books") == [("Emma",)]


async def test_tables_that_were_not_made_by_steps(project: Project) -> None:
    """Tables that modelwire has created are adopted, and changed by steps from then on."""
    create = "import asyncio, models, modelwire; asyncio.run(modelwire.Database().init_db())"
    environment = {**os.environ, "MODELWIRE_DATABASE_URL": project.url}
    subprocess.run([sys.executable, "-c", create], cwd=project.path, env=environment, check=True)
    await project.ask(*ROWS)
    project.do("make", "as it is", "--app", "models.py")
    assert "op.create_table('books'" in project.text()
    refused = project.fail(1, "apply")
    assert "already" in refused
    assert refused.rstrip().endswith("modelwire migrate apply --adopt")
    assert project.do("apply", "--adopt").startswith("Noted: as it is (")
    project.agree()
    project.change("name: str = Field(unique=True, ", "name: str = Field(")
    project.change('foreign_key="authors.id", ondelete="CASCADE", ', 'foreign_key="authors.id", ')
    project.move("constraints that had no names")
    assert await project.ask("SELECT title, author_id FROM books") == [("Emma", 1)]


async def test_adopting_other_tables(project: Project) -> None:
    """Tables that are not those of the models are not adopted."""
    project.do("make", "first tables", "--app", "models.py")
    await project.ask("CREATE TABLE authors (id INTEGER PRIMARY KEY)")
    failed = project.fail(1, "apply", "--adopt")
    assert "is not what the steps make of it" in failed
    assert "to come" in project.do("show")


async def test_labels_of_enums(project: Project) -> None:
    """Labels are added in their place; one that is taken away is lost, if no row has it."""
    project.start()
    await project.ask(*ROWS)
    project.change(
        '    LARGE = "large"', '    MEDIUM = "medium"\n    LARGE = "large"\n    HUGE = "h"'
    )
    project.do("make", "more sizes")
    project.do("apply")
    project.agree()
    await project.ask("UPDATE books SET size = 'MEDIUM'")
    project.change('    LARGE = "large"\n', "")
    assert "takes LARGE from the enum size" in project.fail(2, "make", "fewer sizes")
    project.move("fewer sizes", "--yes")
    assert await project.ask("SELECT size FROM books") == [("MEDIUM",)]
    project.change('    MEDIUM = "medium"\n', "")
    project.do("make", "no medium", "--yes")
    done = project.run("apply", "--yes")
    if project.url.startswith("postgresql"):
        assert done.returncode == 1
        assert "has failed, and is undone" in done.stderr
        assert await project.ask("SELECT size FROM books") == [("MEDIUM",)]
    else:
        assert done.returncode == 0  # SQLite keeps texts


async def test_narrower_types(project: Project) -> None:
    """A type that keeps less is a loss; one that keeps more is none."""
    project.start()
    await project.ask(*ROWS)
    project.change("title: str = Field(max_length=200)", "title: str = Field(max_length=300)")
    project.do("make", "longer titles")
    project.do("apply")
    project.change("title: str = Field(max_length=300)", "title: str = Field(max_length=50)")
    refused = project.fail(2, "make", "shorter titles")
    assert "narrows books.title from VARCHAR(length=300) to String(length=50)" in refused
    project.move("shorter titles", "--yes")


async def test_differences_are_named(project: Project) -> None:
    """Differences are listed, one a line, and in JSON too."""
    project.start()
    project.change(
        "title: str = Field(max_length=200)", "title: str | None = Field(max_length=200)"
    )
    project.change("    price: Decimal", "    pages: int = 1\n    price: Decimal")
    assert project.fail(1, "check").splitlines() == [
        "books.pages: the database has no such column",
        "books.title: may not be NULL in the database, and may in the model",
    ]
    found = json.loads(project.fail(1, "check", "--json"))
    assert found["pending"] == []
    assert found["differences"][0] == {
        "table": "books",
        "column": "pages",
        "text": "the database has no such column",
    }


async def test_new_and_dropped_tables(project: Project) -> None:
    """Tables come and go, with their enums."""
    project.start()
    project.write(
        MODELS
        + """

class Shelf(SQLModel, table=True):
    __tablename__ = "shelves"

    id: int | None = Field(default=None, primary_key=True)
    size: Size
    kind: StrEnum("Kind", ["WOOD", "STEEL"])
"""
    )
    project.move("shelves")
    project.write(MODELS)
    project.move("no shelves", "--drop", "shelves")


async def test_step_that_breaks_references(local: Project) -> None:
    """On SQLite too no step leaves rows that refer to nothing."""
    local.start()
    await local.ask(*ROWS)
    local.change("    price: Decimal", "    pages: int = 1\n    price: Decimal")
    local.do("make", "pages")
    step = local.path / "migrations/versions" / local.steps()[-1]
    text = step.read_text()
    at = text.index("def upgrade() -> None:\n") + len("def upgrade() -> None:\n")
    step.write_text(text[:at] + '    op.execute("DELETE FROM authors")\n' + text[at:])
    assert "runs DELETE FROM authors" in local.fail(2, "apply")
    assert "rows that refer to rows which are not there" in local.fail(1, "apply", "--yes")
    assert await local.ask("SELECT count(*) FROM authors") == [(1,)]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_schemas_and_tables_of_others(project: Project) -> None:
    """Tables may be in a schema; what the models have nothing to do with is left alone."""
    project.change(
        '__tablename__ = "authors"\n',
        '__tablename__ = "authors"\n    __table_args__ = {"schema": "shop"}\n',
    )
    project.change('"authors.id"', '"shop.authors.id"')
    await project.ask("CREATE SCHEMA shop", "CREATE TABLE others (id INTEGER)")
    project.start()
    assert project.fail(1, "check") == "others: the models have no such table\n"
    environment = project.path / "migrations/env.py"
    environment.write_text(
        environment.read_text().replace("run(Database())", "run(Database(), ignored={'others'})")
    )
    project.agree()
    project.change("name: str = Field(unique", "full_name: str = Field(unique")
    project.move("names", "--rename", "shop.authors.name=full_name")


def test_applications(local: Project) -> None:
    """The database of an application is found: by its name, by the app's, by the function's."""
    made = "from models import Author\nfrom fastapi import FastAPI\n"
    made += "from modelwire import Database, Resource, mount\n"
    (local.path / "main.py").write_text(
        f"{made}database = Database()\napp = FastAPI()\nmount(app, database, Resource(Author))\n"
    )
    (local.path / "one.py").write_text(
        f"{made}app = FastAPI()\nmount(app, Database(), Resource(Author))\n"
    )
    (local.path / "made.py").write_text(
        f"{made}def create_app():\n    app = FastAPI()\n"
        "    mount(app, Database(), Resource(Author))\n    return app\n"
    )
    for target, line in (
        ("main.py", "run(database)"),
        ("one:app", "run(app.state.modelwire_database)"),
        ("made:create_app", "run(create_app().state.modelwire_database)"),
    ):
        folder = target.partition(":")[0].removesuffix(".py")
        local.do("make", "first", "--app", target, "--folder", folder + "_steps")
        assert line in (local.path / f"{folder}_steps/env.py").read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("make", "x"), 2, "There is no folder migrations yet: say what has the tables"),
        (("make", "x", "--app", "modles.py"), 2, "There is no file modles.py"),
        (("make", "x", "--app", "sub/models.py"), 2, "name it as that, as in package.main"),
        (("make", "x", "--app", "nothing"), 2, "There is no file or module nothing"),
        (("apply",), 2, "There is no migrations/env.py"),
        (("check",), 2, "There is no migrations/env.py"),
        (("show", "--folder", "elsewhere"), 2, "There is no elsewhere/env.py"),
        (("back", "0"), 2, "0 is not in the range"),
        (("make",), 2, "Missing argument"),
        (("makes",), 2, "No such command"),
    ],
)
def test_wrong_commands(
    local: Project, arguments: tuple[str, ...], status: int, sentence: str
) -> None:
    """A wrong command is reported, and leaves nothing behind."""
    assert sentence in local.fail(status, *arguments)
    assert not (local.path / "migrations").exists()


def test_wrong_answers(local: Project) -> None:
    """Options that name nothing are refused, and no step is written."""
    local.start()
    assert "leave out --app" in local.fail(2, "make", "x", "--app", "models.py")
    local.change("    price: Decimal", "    cost: Decimal")
    assert "it can be: books.price=cost" in local.fail(2, "make", "x", "--rename", "pric=cost")
    assert "No step 77 is to be applied" in local.fail(2, "apply", "--to", "77")
    assert "1 step is applied, and not 2" in local.fail(2, "back", "2")
    assert "or table that is gone: books.price" in local.fail(2, "make", "x", "--drop", "pric")
    local.do("make", "costs", "--rename", "price=cost")
    assert "apply comes first" in local.fail(1, "make", "more")
    assert "--adopt is for a database that knows of none" in local.fail(1, "apply", "--adopt")
    assert len(local.steps()) == 2


def test_two_last_steps(local: Project) -> None:
    """Steps that two people have made at once are put one behind the other, by a person."""
    local.start()
    first = first_id(local)
    for name in ("ours", "theirs"):
        (local.path / f"migrations/versions/{name}.py").write_text(
            f"revision, down_revision = {name!r}, {first!r}\n\n\n"
            "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
        )
    said = local.fail(1, "apply")
    assert "put one behind the other, by its down_revision" in said
    assert len(said.splitlines()) == 1


VARIANTS = {
    "amount": ("int = 0", "int | None = None", "int = Field(default=1, index=True)", "float = 0"),
    "note": ("str = ''", "str | None = Field(default=None, max_length=20)", "str = 'a'"),
    "size": ("Size = Size.SMALL", "Size | None = None"),
    "is_sold": ("bool = False", "bool = Field(default=True, index=True)"),
    "day": ("date | None = None", "date | None = Field(default=None, unique=True)"),
    "shelf_id": (
        "uuid.UUID | None = Field(default=None, foreign_key='shelves.id')",
        "uuid.UUID | None = Field(default=None, foreign_key='shelves.id', ondelete='CASCADE')",
        "uuid.UUID | None = Field(default=None, index=True)",
    ),
}


def draw_models(random: Random) -> str:
    """Models of which each column has been drawn, or is left out."""
    labels = random.sample(["SMALL", "MEDIUM", "LARGE", "HUGE"], 3)
    columns = [
        f"    {name}: {random.choice(variants)}"
        for name, variants in VARIANTS.items()
        if random.random() < 0.7
    ]
    return "\n".join(
        [
            "import uuid",
            "from datetime import date",
            "from enum import StrEnum",
            "from sqlmodel import Field, SQLModel",
            "class Size(StrEnum):",
            *(f"    {label} = 'x{label}'" for label in {"SMALL": 0, **dict.fromkeys(labels)}),
            "class Shelf(SQLModel, table=True):",
            "    __tablename__ = 'shelves'",
            "    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)",
            "class Thing(SQLModel, table=True):",
            "    __tablename__ = 'things'",
            "    id: int | None = Field(default=None, primary_key=True)",
            *columns,
        ]
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_any_models_follow_any_others(project: Project, seed: int) -> None:
    """Whatever models become of others, one step is enough, and leads back."""
    random = Random(seed)
    for number in range(5):
        project.write(draw_models(random))
        app = ("--app", "models.py") if number == 0 else ()
        project.do("make", f"models {number}", "--yes", *app)
        project.do("apply", "--yes")
        assert project.do("check") == "Models and database agree\n", project.text()
    project.do("back", str(len(project.steps())), "--yes")
    project.do("apply", "--yes")
    project.agree()


def test_unreachable_database(local: Project) -> None:
    """A database that can't be reached is said in a line, without its password."""
    local.start()
    done = local.run("show", MODELWIRE_DATABASE_URL="postgresql://ann:secret@127.0.0.1:9/none")
    assert done.returncode == 1
    assert "secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    done = local.run("show", MODELWIRE_DATABASE_URL="sqlite://")
    assert done.returncode == 2
    assert "in memory has nothing to migrate" in done.stderr


def test_help_has_examples() -> None:
    """Each command shows how it is used."""
    for command in ("make", "apply", "back", "show", "check"):
        done = subprocess.run(
            [sys.executable, "-m", "modelwire", "migrate", command, "--help"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert f"modelwire migrate {command}" in done.stdout.partition("For example")[2]


@pytest.mark.parametrize("command", [["-m", "alembic"]])
def test_alembic_runs_the_same_steps(local: Project, command: list[str]) -> None:
    """Alembic's own command runs what modelwire's has written."""
    local.do("make", "first tables", "--app", "models.py")
    (local.path / "alembic.ini").write_text(
        "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n"
    )
    environment = {**os.environ, "MODELWIRE_DATABASE_URL": local.url}
    subprocess.run(
        [sys.executable, *command, "upgrade", "head"],
        cwd=local.path,
        env=environment,
        check=True,
        capture_output=True,
    )
    assert local.do("show").startswith("applied")


def answer(project: Project, answers: str, *arguments: str) -> tuple[int, str]:
    """Run the command at a terminal, and answer what it asks."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "modelwire", "migrate", *arguments],
        cwd=project.path,
        env={**os.environ, "MODELWIRE_DATABASE_URL": project.url},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, answers.encode())
    said = b""
    with suppress(OSError):  # the end of a terminal is an error on Linux
        while part := os.read(ours, 10_000):
            said += part
    os.close(ours)
    return process.wait(120), said.decode()


async def test_questions(local: Project) -> None:
    """At a terminal it is asked what is a new name and what may be lost; no is the usual answer."""
    local.start()
    await local.ask(*ROWS)
    local.change("    price: Decimal = Field", "    cost: Decimal = Field")
    status, said = answer(local, "n\n\n", "make", "costs")
    assert "books.price is gone and cost is new. Is that its new name? [y/N]" in said
    assert "Loses data: drops the column books.price" in said
    assert "Nothing was done" in said
    assert status == 1
    assert len(local.steps()) == 1
    status, said = answer(local, "y\n", "make", "costs")
    assert status == 0, said
    local.do("apply")
    assert await local.ask("SELECT cost FROM books") == [(9.5,)]
    status, said = answer(local, "y\n", "back", "2")
    assert "first tables drops the table books" in said
    assert status == 0, said


async def test_copied_table_keeps_what_it_had(local: Project) -> None:
    """On SQLite a table that is copied keeps its triggers and its indexes of expressions."""
    local.start()
    await local.ask(
        *ROWS,
        "CREATE INDEX lower_titles ON books (lower(title))",
        "CREATE TRIGGER counted AFTER INSERT ON books BEGIN "
        "UPDATE authors SET name = name || '!' WHERE id = NEW.author_id; END",
    )
    local.change("title: str = Field(", "title: str = Field(unique=True, ")
    local.move("unique titles")
    named = "SELECT name FROM sqlite_master WHERE name IN ('lower_titles', 'counted') ORDER BY 1"
    assert await local.ask(named) == [("counted",), ("lower_titles",)]
    await local.ask(ROWS[1].replace("Emma", "Persuasion"))
    assert await local.ask("SELECT name FROM authors") == [("Jane Austen!",)]


async def test_index_that_is_made_while_rows_are_written(project: Project) -> None:
    """A step may leave its transaction, as for PostgreSQL's CREATE INDEX CONCURRENTLY."""
    project.start()
    (project.path / "migrations/versions/by_hand.py").write_text(
        "from alembic import op\n\n"
        f"revision, down_revision = 'by_hand', {first_id(project)!r}\n\n\n"
        "def upgrade():\n    with op.get_context().autocommit_block():\n"
        "        op.create_index('by_title', 'books', ['title'], postgresql_concurrently=True)\n"
        "\n\ndef downgrade():\n    op.drop_index('by_title', 'books')\n"
    )
    project.do("apply")
    assert project.fail(1, "check") == "books: the model has no index by_title\n"


def first_id(project: Project) -> str:
    return str(json.loads(project.do("show", "--json"))[0]["id"])


def test_models_of_all_kinds(project: Project) -> None:
    """Whatever types, keys, constraints and defaults tables have, steps make them so."""
    shutil.copy(ROOT / "tests" / "zoo.py", project.path / "zoo.py")
    shutil.copy(ROOT / "examples" / "invoices.py", project.path / "invoices.py")
    (project.path / "defaults.py").write_text(DEFAULTS)
    for module in ("zoo", "invoices", "defaults"):
        folder = ("--folder", f"{module}_steps")
        url = project.url
        if url.startswith("sqlite"):
            project.url = f"sqlite:///{project.path}/{module}.db"
        project.do("make", "all", "--app", f"{module}.py", *folder)
        project.do("apply", *folder)
        assert project.do("check", *folder) == "Models and database agree\n"
        project.do("back", "--yes", *folder)
        project.do("apply", *folder)
        project.do("back", "--yes", *folder)
        project.url = url


DEFAULTS = """
import uuid
from datetime import date, datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlmodel import JSON, Column, Field, SQLModel


class Colour(Enum):
    RED = 1
    BLUE = 2


class Money(sa.types.TypeDecorator):
    impl = sa.Numeric(12, 2)
    cache_ok = True


class Everything(SQLModel, table=True):
    __tablename__ = "everything"
    __table_args__ = (
        sa.Index("lower_text", sa.text("lower(text)")),
        sa.UniqueConstraint("text", "number", name="one_of_each"),
        sa.CheckConstraint("number > 0", name="positive"),
    )

    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    text: str = Field(default="a", sa_column_kwargs={"server_default": "it is"})
    number: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    flag: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    made_at: datetime = Field(sa_column_kwargs={"server_default": sa.func.now()})
    day: date | None = None
    colour: Colour = Field(default=Colour.RED, sa_column_kwargs={"server_default": "RED"})
    extra: dict[str, Any] = Field(
        sa_column=Column(JSON, nullable=False, server_default=sa.text("\'{}\'"))
    )
    price: Any = Field(sa_column=Column(Money, nullable=True))
    data: bytes | None = None
    big: int = Field(default=0, sa_type=sa.BigInteger)
    ratio: float = 0.5
"""
