"""`modelwire export`, `import`, `seed` and `shell`, as a person runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import Done, run_command
from tests.conftest import create_postgres_database
from tests.lanes import DIALECTS

MAIN = """
import os

from fastapi import FastAPI
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Database, Resource, mount


class Team(SQLModel, table=True):
    __tablename__ = "teams"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, min_length=1)
    players: list["Player"] = Relationship(back_populates="team")


class Player(SQLModel, table=True):
    __tablename__ = "players"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(min_length=1)
    team_id: int | None = Field(default=None, foreign_key="teams.id")
    team: Team = Relationship(back_populates="players")


class Dying:
    \"\"\"Ends the process without a word at a request: before it is carried out, or after.\"\"\"

    def __init__(self, app):
        self.app = app
        self.left, self.when = os.environ.get("DIES", "0 never").split()
        self.left = int(self.left)

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.left -= 1
            if self.left == 0 and self.when == "before":
                os._exit(9)
            await self.app(scope, receive, send)
            if self.left == 0 and self.when == "after":
                os._exit(9)
        else:
            await self.app(scope, receive, send)


database = Database()
app = FastAPI(lifespan=database.lifespan)
mount(app, database, Resource(Team), Resource(Player, max_bulk_rows=3))
app.add_middleware(Dying)
"""
SEEDS = """
teams:
  red: {name: Red}
  blue: {name: Blue}
"""


@pytest.fixture(params=DIALECTS)
async def url(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: str, worker_id: str
) -> str:
    """The URL of an empty database."""
    (tmp_path / "main.py").write_text(MAIN)
    (tmp_path / "seeds.yaml").write_text(SEEDS)
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data.db'}"
    return await create_postgres_database(postgres_server, f"modelwire_data_{worker_id}")


def run(path: Path, url: str, *arguments: str, **environment: str) -> Done:
    given = {"MODELWIRE_DATABASE_URL": url, **environment}
    done = run_command(arguments, path, given)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def do(path: Path, url: str, *arguments: str) -> str:
    done = run(path, url, *arguments)
    assert done.returncode == 0, (arguments, done)
    return done.stdout


def test_rows_move_from_a_database_to_a_file_and_back(tmp_path: Path, url: str) -> None:
    """Seeds are there once; an export is imported again; what was done is told, also as JSON."""
    for _ in range(2):
        assert json.loads(do(tmp_path, url, "seed", "main.py", "seeds.yaml", "--json")) == {
            "teams": 2
        }
    text = do(
        tmp_path, url, "export", "main.py", "teams", "--format", "csv", "--filter", "sort=-name"
    )
    assert text.splitlines() == ["id,name", "2,Red", "1,Blue"]
    told = do(tmp_path, url, "export", "main.py", "--to", "out", "--compress", "gzip", "--json")
    assert [(e["resource"], e["rows"]) for e in json.loads(told)] == [("teams", 2), ("players", 0)]
    (tmp_path / "teams.csv").write_text("name\nGreen\n\nRed\n")
    options = ("import", "main.py", "teams", "teams.csv", "--on-conflict", "name")
    assert do(tmp_path, url, *options, "--dry-run").endswith("rows would be stored, and none is\n")
    assert json.loads(do(tmp_path, url, *options, "--json")) == {
        "resource": "teams",
        "stored": 2,
        "refused": 0,
        "is_stored": True,
    }
    done = run(tmp_path, url, "import", "main.py", "teams", "teams.csv", "--refused", "r.jsonl")
    assert (done.returncode, done.stdout) == (1, "teams: 0 rows stored; 2 refused\n")
    assert "line 2: name: Name already exists\n" in done.stderr
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 2
    assert (
        len(do(tmp_path, url, "export", "main.py", "teams", "--format", "jsonl").splitlines()) == 3
    )


def test_import_that_is_killed_goes_on(tmp_path: Path, url: str) -> None:
    """Wherever it ends, in the end each row was stored once, or refused once."""
    names = [f"p{i}" if i not in (4, 10) else "" for i in range(14)]
    (tmp_path / "players.csv").write_text("\n".join(["name,team_id", *(f"{n}," for n in names)]))
    options = ("import", "main.py", "players", "players.csv", "--resume", "--refused", "r.jsonl")
    state = tmp_path / "players.csv.import"
    # The rows of the second and the fourth request are sent a second time, each for itself.
    for dies in ("1 after", "1 before", "2 after", "1 after", "2 before", "2 after"):
        assert run(tmp_path, url, *options, DIES=dies).returncode == 9
        assert state.exists()
    done = run(tmp_path, url, *options)
    assert (done.returncode, done.stdout) == (1, "players: 12 rows stored; 2 refused\n"), done
    assert not state.exists()
    text = do(tmp_path, url, "export", "main.py", "players", "--format", "csv")
    stored = [line.split(",")[1] for line in text.splitlines()[1:]]
    assert stored == [name for name in names if name]
    refused = map(json.loads, (tmp_path / "r.jsonl").read_text().splitlines())
    assert [record["line"] for record in refused] == [6, 12]


def test_import_goes_on_with_the_same_rows_only(tmp_path: Path, url: str) -> None:
    """A resumed import needs the same rows up to there; later ones may have been corrected."""
    file, state = tmp_path / "players.jsonl", tmp_path / "players.jsonl.import"
    rows = [{"name": f"p{i}"} for i in range(6)]
    file.write_text("\n".join(map(json.dumps, [*rows[:4], {}])))
    options = ("import", "main.py", "players", "players.jsonl", "--resume")
    assert "line 5: name" in run(tmp_path, url, *options).stderr
    assert (json.loads(state.read_bytes())["done"], state.exists()) == (3, True)
    held = file.read_text()
    file.write_text(held.replace("p0", "x0"))
    refusing = run(tmp_path, url, *options)
    assert (refusing.returncode, state.exists()) == (2, True)
    assert "not those that were imported" in refusing.stderr
    file.write_text(held)
    assert run(tmp_path, url, *options, "--without", "x").returncode == 2
    # What may be stored already, as it was, is not sent otherwise.
    file.write_text("\n".join(map(json.dumps, rows)))
    assert run(tmp_path, url, *options, DIES="1 after").returncode == 9
    file.write_text("\n".join(map(json.dumps, [*rows[:5], {"name": "x5"}])))
    refusing = run(tmp_path, url, *options)
    assert refusing.returncode == 1
    refusal, progress = refusing.stderr.splitlines()
    assert "Idempotency-Key" in refusal
    assert progress.startswith("It stopped at the request with lines 4 to 6: 3 rows")
    file.write_text("\n".join(map(json.dumps, rows)))
    mended = ("--refused", "r.jsonl")
    assert run(tmp_path, url, *options, *mended).stdout == "players: 6 rows stored\n"
    assert (
        len(do(tmp_path, url, "export", "main.py", "players", "--format", "jsonl").splitlines())
        == 6
    )


WRONG = (
    (2, "export main.py nope --format csv", "there are teams, players"),
    (2, "export main.py teams", "--format csv"),
    (2, "export nope.py teams --format csv", "no file nope.py"),
    (2, "export main.py --to x.csv", "folder"),
    (2, "export main.py teams --format csv --json", "--to"),
    (2, "import main.py teams nope.csv", "No such file"),
    (2, "import main.py teams - --format csv --resume", "standard input"),
    (2, "import main.py teams - --format csv --header bad", "--header"),
    (2, "seed main.py nope.yaml", "No such file"),
    (2, "seed main.py nope", "seeds.yaml"),
    (2, "seed main.py os:nope", "no function nope"),
    (2, "shell nope.py", "no file nope.py"),
)


def test_wrong_input_is_told_in_a_line(tmp_path: Path) -> None:
    """Each command says what would be right, in one line, and leaves nothing behind."""
    (tmp_path / "main.py").write_text(MAIN)
    url = f"sqlite:///{tmp_path / 'data.db'}"
    assert "There is no database" in run(tmp_path, url, *WRONG[0][1].split()).stderr
    (tmp_path / "none.json").write_text("{}")
    assert do(tmp_path, url, "seed", "main.py", "none.json") == ""
    before = set(tmp_path.iterdir())
    for status, words, said in WRONG:
        done = run(tmp_path, url, *words.split())
        assert (done.returncode, done.stdout) == (status, ""), (words, done)
        assert done.stderr.count("\n") == 1, done.stderr
        assert said in done.stderr
    assert {path for path in tmp_path.iterdir() if not path.name.startswith("data.db")} <= before


def run_piped(path: Path, *arguments: str, stdin: str) -> subprocess.CompletedProcess[str]:
    """Run a command of its own with something on its standard input."""
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("MODELWIRE_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "modelwire", *arguments],
        cwd=path,
        env={**outer, "MODELWIRE_DATABASE_URL": f"sqlite:///{path / 'data.db'}"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_pipes(tmp_path: Path) -> None:
    """Rows come by standard input, and so do scripts, which fail with the status 1."""
    (tmp_path / "main.py").write_text(MAIN)
    done = run_piped(
        tmp_path, "import", "main.py", "teams", "-", "--format", "csv", stdin="name\nRed\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "teams: 1 rows stored\n", "")
    script = "team = (await session.exec(select(Team))).one()\nprint(team.name, database.dialect)\n"
    done = run_piped(tmp_path, "shell", "main.py", stdin=script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Red sqlite\n", "")
    done = run_piped(tmp_path, "shell", "main.py", stdin=f"{script}await session.nope()\n")
    assert (done.returncode, done.stdout) == (1, "Red sqlite\n")
    assert "AttributeError" in done.stderr


def test_shells_complete_commands(tmp_path: Path) -> None:
    """Completion knows every command, and the options of each."""
    for words, known in (("modelwire ", "export"), ("modelwire import --re", "--resume")):
        count = len(words.split(" ")) - 1
        done = run_command(
            [],
            tmp_path,
            {"_MODELWIRE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)},
        )
        assert known in done.stdout.split(), done
