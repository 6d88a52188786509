"""`modelwire client`, as a person runs it: what it writes, and what it never writes over."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import Done, run_command

MODELS = """
from sqlmodel import Field, SQLModel


class Team(SQLModel, table=True):
    __tablename__ = "teams"

    id: int | None = Field(default=None, primary_key=True)
    name: str
"""
FILES = {
    "ts": [
        *("client.ts", "connection.ts", "json.ts", "parameters.ts", "problems.ts"),
        *("runtime.ts", "types.ts"),
    ],
    "python": [
        *("__init__.py", "answers.py", "client.py", "connection.py", "parameters.py"),
        *("problems.py", "reading.py", "resources.py", "writing.py"),
    ],
}
LANGUAGES = pytest.mark.parametrize("language", FILES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a module of tables, and nothing else."""
    (tmp_path / "models.py").write_text(MODELS)
    return tmp_path


def client(folder: Path, *words: str) -> Done:
    """Run the command in a folder."""
    return run_command(["client", *words], folder, {})


def read(folder: Path) -> dict[str, str]:
    """Read the files of a folder."""
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


@LANGUAGES
def test_writes(folder: Path, language: str) -> None:
    """The client of a module's tables is written, into a folder that is made; no database is."""
    done = client(folder, language, "models.py", "--out", "web/src/api")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(read(folder / "web/src/api")) == sorted(FILES[language])
    assert sorted(path.name for path in folder.iterdir()) == ["models.py", "web"]


@LANGUAGES
def test_writes_again(folder: Path, language: str) -> None:
    """Generated files are replaced, others stay, and --json lists the changed ones."""
    client(folder, language, "models.py")
    (folder / "client/own.txt").write_text("mine")
    first = read(folder / "client")
    same = json.loads(client(folder, language, "models.py", "--json").stdout)
    assert same["changed"] == []
    assert read(folder / "client") == first
    (folder / "models.py").write_text(MODELS + "    city: str\n")
    again = json.loads(client(folder, language, "models.py", "--json").stdout)
    name = next(name for name in FILES[language] if name.startswith("client."))
    assert again["changed"] == [f"client/{name}"]
    assert sorted(again["files"]) == [f"client/{name}" for name in sorted(FILES[language])]
    assert "city" in (folder / "client" / name).read_text()
    assert (folder / "client/own.txt").read_text() == "mine"


@LANGUAGES
def test_check(folder: Path, language: str) -> None:
    """--check writes nothing, and fails where a file is missing or another one."""
    missing = client(folder, language, "models.py", "--check")
    assert missing.returncode == 1
    assert not (folder / "client").exists()
    client(folder, language, "models.py")
    assert client(folder, language, "models.py", "--check") == Done(0, "", "")
    (folder / "models.py").write_text(MODELS + "    city: str\n")
    before = read(folder / "client")
    changed = client(folder, language, "models.py", "--check")
    assert changed.returncode == 1
    assert "is not what would be generated" in changed.stderr
    assert read(folder / "client") == before


@LANGUAGES
def test_leaves_files_of_others(folder: Path, language: str) -> None:
    """A file of such a name that was not generated is not replaced, and nothing else is written."""
    name = FILES[language][-1]
    (folder / "client").mkdir()
    (folder / "client" / name).write_text("mine")
    done = client(folder, language, "models.py")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"client/{name} was not generated" in done.stderr
    assert read(folder / "client") == {name: "mine"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ts", "nope.py"], "There is no file nope.py"),
        (["ts", "models.py", "--out", "models.py"], "--out models.py is no folder"),
        (["python", "models.py", "--out", "a/my-api"], "name it my_api, for instance"),
        (["python", "models.py", "--out", "class", "--check"], "name it client, for instance"),
        (["python", "bare.py"], "nothing is mounted"),
        (["python", "models.py:app"], "has no FastAPI application called app"),
    ],
)
def test_wrong(folder: Path, words: list[str], said: str) -> None:
    """A wrong argument is reported in a line, with exit code 2."""
    (folder / "bare.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    done = client(folder, *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["bare.py", "models.py"]


def test_cannot_be_written(folder: Path) -> None:
    """A folder that can't be written is reported in a line, with exit code 1."""
    (folder / "file").write_text("")
    done = client(folder, "ts", "models.py", "--out", "file/below")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "Can't write" in done.stderr
