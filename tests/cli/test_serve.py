"""`modelwire serve`, as a person runs it: a process, its output, and what it answers."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

import modelwire

ROOT = Path(__file__).parents[2]
get, post = partial(httpx2.get, timeout=60), partial(httpx2.post, timeout=60)
MODELWIRE = [sys.executable, "-m", "modelwire"]
SERVE = [*MODELWIRE, "serve"]

SHOP = """
import uuid
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, Relationship, SQLModel


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class Labelling(SQLModel, table=True):
    article_id: uuid.UUID = Field(foreign_key="article.id", primary_key=True)
    label_name: str = Field(foreign_key="label.name", primary_key=True)


class Label(SQLModel, table=True):
    name: str = Field(primary_key=True)
    articles: list["Article"] = Relationship(back_populates="labels", link_model=Labelling)


class Article(SQLModel, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    title: str
    price: Decimal = Field(max_digits=8, decimal_places=2)
    size: Size = Size.SMALL
    extra: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    parent_id: uuid.UUID | None = Field(default=None, foreign_key="article.id")
    parent: "Article" = Relationship(
        back_populates="variants", sa_relationship_kwargs={"remote_side": "Article.id"}
    )
    variants: list["Article"] = Relationship(back_populates="parent")
    labels: list[Label] = Relationship(back_populates="articles", link_model=Labelling)
"""


@contextlib.contextmanager
def serving(*arguments: str, cwd: Path, **environment: str) -> Iterator[tuple[str, str]]:
    """Run the command until the block ends; yields the address it printed, and its output."""
    process = subprocess.Popen(
        [*SERVE, *arguments, "--port", "0"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output = ""
        assert process.stdout is not None
        for line in process.stdout:
            output += line
            if "Application startup complete" in line:
                break
        address = re.search(r"API +(http://\S+)", output)
        assert address is not None, output
        _wait_until_it_listens(address[1])
        yield address[1], output
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _wait_until_it_listens(address: str) -> None:
    """A process starts its application before it takes connections."""
    url, until_s = httpx2.URL(address), time.monotonic() + 60
    while True:
        try:
            socket.create_connection((url.host, url.port or 80)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < until_s
            time.sleep(0.01)
        else:
            return


def refusing(*arguments: str, cwd: Path, **environment: str) -> list[str]:
    """Run the command, which must refuse; returns the lines that it says."""
    done = subprocess.run(
        [*SERVE, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()


def failing(*arguments: str, cwd: Path, **environment: str) -> str:
    """Run the command, which must refuse; returns the one line that it says."""
    lines = refusing(*arguments, cwd=cwd, **environment)
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A directory with a module of models in it."""
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def test_example_is_served(tmp_path: Path) -> None:
    """The example file is served on SQLite, and its addresses are printed."""
    with serving(str(ROOT / "examples" / "league.py"), cwd=tmp_path) as (address, output):
        assert f"Rows  {address}/users\nRows  {address}/teams\n" in output
        assert f"Docs  {address}/docs\n" in output
        created = post(f"{address}/teams/", json={"name": "Red"})
        assert created.status_code == 201
        assert get(f"{address}/teams/1").json()["players"] == []
        assert get(f"{address}/docs").status_code == 200
    assert (tmp_path / "modelwire.db").exists()


@pytest.mark.parametrize("target", ["shop.py", "shop", "examples.league:app"])
def test_targets(shop: Path, target: str) -> None:
    """A file, a module, and an application in a module can be served."""
    with serving(target, cwd=shop) as (address, _):
        assert get(f"{address}/health").json() == {"status": "ok"}


def test_function_that_makes_an_application(tmp_path: Path) -> None:
    """A function that makes the application can be named, for several workers too."""
    (tmp_path / "made.py").write_text(
        "from fastapi import FastAPI\n"
        "def create_app() -> FastAPI:\n    return FastAPI(title='Made')\n"
        "def create_nothing() -> None: ...\n"
    )
    with serving("made:create_app", "--workers", "2", cwd=tmp_path) as (address, _):
        assert get(f"{address}/openapi.json").json()["info"]["title"] == "Made"
    line = failing("made.py:create_nothing", cwd=tmp_path)
    assert line == "modelwire: create_nothing() in made.py returns no FastAPI application"


def test_reload(tmp_path: Path) -> None:
    """With `--reload` a change of the module is served soon, on the same address."""
    module = tmp_path / "made.py"
    text = "from fastapi import FastAPI\napp = FastAPI(title='{}')\n"
    module.write_text(text.format("One"))
    with serving("made.py", "--reload", cwd=tmp_path) as (address, _):
        title = get(f"{address}/openapi.json").json()["info"]["title"]
        assert title == "One"
        module.write_text(text.format("Another"))
        for _ in range(100):
            with contextlib.suppress(httpx2.TransportError):
                title = get(f"{address}/openapi.json").json()["info"]["title"]
            if title == "Another":
                return
            time.sleep(0.2)
        raise AssertionError(title)


def test_hosts(tmp_path: Path) -> None:
    """On a loopback address only loopback names are answered; an option names others."""
    league = str(ROOT / "examples" / "league.py")
    other = {"host": "api.example.com"}
    with serving(league, cwd=tmp_path) as (address, _):
        port = address.rpartition(":")[2]
        for host in (f"localhost:{port}", "127.0.0.1", "[::1]", "a.localhost"):
            assert get(f"{address}/users/", headers={"host": host}).status_code == 200
        answer = get(f"{address}/users/", headers=other)
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_host")
    with serving(league, "--allowed-host", "*.example.com", cwd=tmp_path) as (address, _):
        assert get(f"{address}/users/", headers=other).status_code == 200
        assert get(f"{address}/users/").status_code == 400


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_models_nobody_has_seen(shop: Path, dialect: str, postgres_url: str) -> None:
    """Rows of any models go in and come out whole, with every relationship includable."""
    url = postgres_url if dialect == "postgresql" else "sqlite:///shop.db"
    with serving("shop.py", "--database-url", url, cwd=shop) as (address, _):
        shirt = {
            "title": "Shirt",
            "price": "19.90",
            "size": "l",
            "extra": {"colours": ["red", None, {"deep": [1.5, True]}]},
        }
        created = post(f"{address}/article/", json=shirt)
        assert created.status_code == 201, created.text
        stored = created.json()
        assert {**stored, **shirt} == stored
        variant = {"title": "Blue", "price": "1.00", "parent_id": stored["id"]}
        blue = post(f"{address}/article/", json=variant).json()
        assert post(f"{address}/label/", json={"name": "new"}).status_code == 201
        link = {"article_id": stored["id"], "label_name": "new"}
        linked = post(f"{address}/labelling/", json=link)
        assert linked.headers["location"] == f"/labelling/{stored['id']},new"
        assert get(address + linked.headers["location"]).json() == link
        path = f"{address}/article/{stored['id']}?include=variants.labels,labels"
        shown = get(path).json()
        assert shown["labels"] == [{"name": "new"}]
        assert shown["variants"] == [{**blue, "labels": []}]


@pytest.mark.parametrize("imports", ["from .models import Label", "from store.models import Label"])
def test_file_of_a_package(tmp_path: Path, imports: str) -> None:
    """A file in a package finds its neighbours as the package's modules do, relatively too."""
    package = tmp_path / "src" / "store"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    label = "class Label(SQLModel, table=True):\n    name: str = Field(primary_key=True)\n"
    (package / "models.py").write_text(f"from sqlmodel import Field, SQLModel\n\n\n{label}")
    (package / "main.py").write_text(f"{imports}\n\n__all__ = ['Label']\n")
    with serving("src/store/main.py", cwd=tmp_path) as (address, _):
        assert post(f"{address}/label/", json={"name": "new"}).status_code == 201


def test_workers(shop: Path) -> None:
    """Several worker processes serve one database."""
    with serving("shop.py", "--workers", "2", cwd=shop) as (address, _):
        for number in range(20):
            answer = post(f"{address}/label/", json={"name": f"label {number}"})
            assert answer.status_code == 201
        assert get(f"{address}/label/").json()["total"] == 20


def test_tables_are_left_alone_if_asked(shop: Path) -> None:
    """With --no-create-tables no table is created."""
    with serving("shop.py", "--no-create-tables", cwd=shop) as (address, _):
        assert get(f"{address}/label/").status_code == 500


def test_behind_a_proxy(tmp_path: Path) -> None:
    """Links and the docs page lead back through the path that a proxy takes off."""
    arguments = ("examples.league", "--root-path", "/api/")
    with serving(*arguments, cwd=tmp_path) as (address, _):
        created = post(f"{address}/teams/", json={"name": "Red"})
        assert created.headers["location"] == "/api/teams/1"
        assert "</api/teams/?" in get(f"{address}/teams/").headers["link"]
        assert "url: '/api/openapi.json'" in get(f"{address}/docs").text


def test_many_resources(tmp_path: Path) -> None:
    """Of many resources the first ones are shown, and how many there are more."""
    classes = [
        f"class T{i}(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n"
        for i in range(11)
    ]
    source = "from sqlmodel import Field, SQLModel\n" + "".join(classes)
    (tmp_path / "many.py").write_text(source)
    with serving("many.py", cwd=tmp_path) as (address, output):
        assert f"Rows  {address}/t7\nRows  and 3 more paths\n" in output


def test_version() -> None:
    """`--version` says the version of the package."""
    said = subprocess.run([*MODELWIRE, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout == f"modelwire {modelwire.__version__}\n"


def test_misspelt_setting_is_warned_of(shop: Path) -> None:
    """A variable that is named like a setting and is none is warned of, once; others are not."""
    near = {"MODELWIRE_POOLSIZE": "7", "MODELWIREX_POOL_SIZE": "x"}
    with serving("shop.py", cwd=shop, **near) as (_, output):
        warnings = [line for line in output.splitlines() if "is not a setting" in line]
    assert len(warnings) == 1
    assert "is not a setting, and changes nothing; did you mean MODELWIRE_POOL_SIZE?" in warnings[0]


def test_bad_setting(shop: Path) -> None:
    """Each bad value is named by its variable."""
    given = {"MODELWIRE_POOL_SIZE": "many", "MODELWIRE_METRICS": "maybe"}
    line = failing("shop.py", cwd=shop, **given)
    assert "pool_size (MODELWIRE_POOL_SIZE): Input should be a valid integer" in line
    assert "metrics (MODELWIRE_METRICS): Input should be a valid boolean" in line


def test_bad_root_path(shop: Path) -> None:
    """A root path without its slash is named."""
    line = failing("shop.py", "--root-path", "api", cwd=shop)
    assert line == "modelwire: --root-path api should start with a slash, as in /api"


def test_no_such_file(shop: Path) -> None:
    """A file that is not there is named, with one that is nearly called so."""
    assert failing("nope.py", cwd=shop) == "modelwire: There is no file nope.py"
    line = "modelwire: There is no file shp.py (did you mean `shop.py`?)"
    assert failing("shp.py", cwd=shop) == line


@pytest.mark.parametrize("target", ["", ":app"])
def test_no_target(tmp_path: Path, target: str) -> None:
    """An empty target says what could be named."""
    assert "Name what to serve: league.py" in failing(target, cwd=tmp_path)


def test_directory(shop: Path) -> None:
    """A directory is no file."""
    assert "is a directory" in failing("../", cwd=shop)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = 1\ndef f(:\n", "wrong.py, line 2: SyntaxError: invalid syntax"),
        ("import no_such\n", "wrong.py, line 1: ModuleNotFoundError: No module named 'no_such'"),
        ("import json\n\njson.loads('')\n", "wrong.py, line 3: JSONDecodeError: Expecting value"),
        ("raise SystemExit('no')\n", "wrong.py, line 1: SystemExit: no"),
        (
            "import sqlmodel\nclass Team(sqlmodel.SQLModel): name: str\nTeam.nmae == 'Red'\n",
            "wrong.py, line 3: AttributeError: Team has no attribute `nmae` (did you mean `name`?)"
            "; it has name",
        ),
    ],
)
@pytest.mark.parametrize("target", ["wrong.py", "wrong"])
def test_mistake_in_the_file(tmp_path: Path, target: str, source: str, fault: str) -> None:
    """A mistake in the user's file is named with its place there, without a traceback."""
    (tmp_path / "wrong.py").write_text(source)
    first, second = refusing(target, cwd=tmp_path)
    assert first == f"modelwire: {target} can't be served"
    assert second.startswith(fault)


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ('b_id: int = Field(foreign_key="b.id")', "could not find table 'b'"),
        ('b: list["B"] = Relationship(back_populates="a")', "failed to locate a name ('B')"),
    ],
)
def test_model_is_incomplete(tmp_path: Path, field: str, fault: str) -> None:
    """A model that names a table or a class that is not there is named."""
    (tmp_path / "part.py").write_text(
        "from sqlmodel import Field, Relationship, SQLModel\n"
        "class A(SQLModel, table=True):\n    id: int = Field(primary_key=True)\n    " + field
    )
    line = failing("part.py", cwd=tmp_path)
    assert line.startswith("modelwire: A can't be mapped: ")
    assert fault in line


def test_no_such_module(tmp_path: Path) -> None:
    """A module that is not there is named."""
    assert failing("no.such", cwd=tmp_path) == "modelwire: There is no file or module no.such"


def test_no_table(tmp_path: Path) -> None:
    """A module without a table says what a table is."""
    (tmp_path / "empty.py").write_text("x = 1\n")
    assert "no table" in failing("empty.py", cwd=tmp_path)


HEROES = """
from sqlmodel import Field, SQLModel


class Hero(SQLModel, table=True):
    __tablename__ = "heroes"
    id: int | None = Field(default=None, primary_key=True)
    secret_name: str
    password: str = ""
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_hidden_by_its_name(tmp_path: Path, workers: str) -> None:
    """Fields hidden for their names are listed at start, and shown on request."""
    (tmp_path / "team.py").write_text(HEROES)
    show = ("--show", "heroes.secret_name")
    with serving("team.py", *show, "--workers", workers, cwd=tmp_path) as (address, output):
        assert "secrets: heroes.password. " in output
        row = post(f"{address}/heroes/", json={"secret_name": "Dive"}).json()
        assert row == {"id": 1, "secret_name": "Dive"}
    with serving("team.py", cwd=tmp_path) as (address, output):
        assert "secrets: heroes.secret_name, heroes.password. " in output
        assert get(f"{address}/heroes/1").json() == {"id": 1}


EMPTY = "from fastapi import FastAPI\n\napp = FastAPI()\n"


@pytest.mark.parametrize(("target", "workers"), [("team.py", "2"), ("examples.league:app", "1")])
def test_admin_page(tmp_path: Path, target: str, workers: str) -> None:
    """The page is served where that is asked for, of tables and of an application."""
    (tmp_path / "team.py").write_text(HEROES)
    (tmp_path / "empty.py").write_text(EMPTY)
    with serving(target, "--admin", "--workers", workers, cwd=tmp_path) as (address, output):
        assert f"Admin {address}/admin\n" in output
        assert get(f"{address}/admin").headers["content-type"].startswith("text/html")
        assert get(f"{address}/admin/resources").json()["resources"]
    assert failing("empty.py", "--admin", cwd=tmp_path).endswith(
        "no resources: mount() serves some"
    )
    with serving(target, cwd=tmp_path) as (address, output):
        assert "Admin" not in output
        assert get(f"{address}/admin").status_code == 404


def test_tables_of_modelwire_itself(tmp_path: Path) -> None:
    """They are not served, though a module that was made from a database has them too."""
    own = """

class ModelwireSecrets(SQLModel, table=True):
    __tablename__ = "modelwire_secrets"
    name: str = Field(primary_key=True)
    value: bytes
"""
    (tmp_path / "team.py").write_text(HEROES + own)
    with serving("team.py", cwd=tmp_path) as (address, output):
        assert "modelwire_secrets" not in output
        assert get(f"{address}/heroes/").status_code == 200
        assert get(f"{address}/modelwire_secrets/").status_code == 404


def test_nothing_to_show(tmp_path: Path) -> None:
    """A field that there is not is refused with what was probably meant; so is one of an
    application's own resources."""
    (tmp_path / "team.py").write_text(HEROES)
    said = failing("team.py", "--show", "heroes.secretname", cwd=tmp_path)
    assert "(did you mean `heroes.secret_name`?)" in said
    assert "Resource(shown=[...])" in failing(
        "examples.league:app", "--show", "users.full_name", cwd=ROOT
    )


def test_no_such_application(shop: Path) -> None:
    """A name that is no application is named."""
    assert "called nope" in failing("shop.py:nope", cwd=shop)
    assert failing("examples.league:api", cwd=ROOT).endswith("called api; it has app")


def test_database_unreachable(shop: Path) -> None:
    """A database that can't be reached is named, without its password."""
    url = "postgresql://ann:hunter2@127.0.0.1:1/db"
    line = failing("shop.py", "--database-url", url, cwd=shop)
    assert "Can't use the database postgresql://ann:***@127.0.0.1:1/db" in line
    assert "hunter2" not in line


def test_bad_database_url(shop: Path) -> None:
    """A URL of another database says what it can be."""
    line = failing("shop.py", "--database-url", "oracle://x", cwd=shop)
    assert "it can be sqlite:// or postgresql://" in line


def test_two_slashes(shop: Path) -> None:
    """A file of SQLite behind two slashes says where the third belongs."""
    line = failing("shop.py", "--database-url", "sqlite://shop.db", cwd=shop)
    assert line.endswith("three slashes before a file: sqlite:///shop.db")


def test_no_directory_for_the_database(shop: Path) -> None:
    """A directory that SQLite would need is named."""
    line = failing("shop.py", "--database-url", "sqlite:///data/shop.db", cwd=shop)
    assert line.endswith("sqlite:///data/shop.db: there is no directory data")


def test_address_of_another_machine(shop: Path) -> None:
    """An address that is not this machine's says that the host is wrong, not the port."""
    line = failing("shop.py", "--host", "192.0.2.1", cwd=shop)
    assert "choose another with --host" in line


def test_port_taken(shop: Path) -> None:
    """A port that is taken is named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"Can't listen on 127.0.0.1:{port}" in failing("shop.py", "--port", port, cwd=shop)


def test_url_of_the_application_is_not_overruled(tmp_path: Path) -> None:
    """An application that names its own database can't be given another, and says so."""
    (tmp_path / "own.py").write_text(
        "from fastapi import FastAPI\nfrom modelwire import Database, mount\n"
        "database = Database('sqlite:///own.db')\napp = FastAPI()\nmount(app, database)\n"
    )
    line = failing("own.py", "--database-url", "sqlite:///other.db", cwd=tmp_path)
    assert "names its own database URL" in line
