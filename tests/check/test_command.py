"""`modelwire check` as it is called: codes, comments, answers, wrong input, and what it mends."""

import json
import re
from pathlib import Path

import pytest

from modelwire.cli.check.rules import RULES
from tests.check.applications import Fault, check, found_in
from tests.cli.commands import run_command

ROOT = Path(__file__).parents[2]
FAULTY = '''\
"""An application with faults that can be mended."""

from time import sleep

from fastapi import Depends, FastAPI, HTTPException
from sqlmodel import Field, Session, SQLModel, create_engine

import time

engine = create_engine("sqlite://")


class Owner(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)


class Thing(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    owner_id: int = Field(
        foreign_key="owner.id",
    )
    name: str


class ThingIn(SQLModel):
    name: str


def get_session():
    with Session(engine) as session:
        yield session


app = FastAPI()


@app.post("/things")
def create(data: ThingIn, session: Session = Depends(get_session)) -> Thing:
    thing = Thing(name=data.name)
    session.add(thing)
    session.commit()
    session.refresh(thing)
    return thing


@app.delete("/things/{key}", tags=["ü"])
def remove(key: int, session: Session = Depends(get_session)) -> None:
    thing = session.get(Thing, key)
    if thing is None:
        raise HTTPException(404)
    session.delete(thing)
    session.commit()


@app.get("/wait")
async def wait() -> str:
    time.sleep(1)
    sleep(1)
    return "ü"
'''


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(FAULTY, encoding="utf-8")
    return tmp_path


def test_what_is_safe_is_mended_once(place: Path) -> None:
    """`--fix` mends all of it, shows how, and has nothing to do the second time."""
    first = check(place, "main.py", "--fix")
    assert first.returncode == 0, first.stdout
    text = (place / "main.py").read_text(encoding="utf-8")
    for line in (
        "import asyncio\n",
        '@app.post("/things", status_code=201)',
        '@app.delete("/things/{key}", tags=["ü"], status_code=204)',
        'foreign_key="owner.id", index=True',
        "    await asyncio.sleep(1)\n    await asyncio.sleep(1)\n",
    ):
        assert line in text
    assert '+@app.post("/things", status_code=201)' in first.stdout
    second = check(place, "main.py", "--fix")
    assert (second.returncode, second.stdout.strip()) == (0, "Nothing found.")
    assert (place / "main.py").read_text(encoding="utf-8") == text
    assert sorted(p.name for p in place.iterdir() if p.suffix == ".py") == ["main.py"]


def test_nothing_is_written_without_being_asked(place: Path) -> None:
    assert check(place, "main.py").returncode == 1
    assert (place / "main.py").read_text(encoding="utf-8") == FAULTY


def test_line_ends_are_kept(place: Path) -> None:
    (place / "main.py").write_bytes(FAULTY.replace("\n", "\r\n").encode())
    assert check(place, "main.py", "--fix").returncode == 0
    data = (place / "main.py").read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") == FAULTY.count("\n") + 1


def test_codes_are_chosen(place: Path) -> None:
    """By their beginnings, or one by one; what is ignored is left out of what is selected."""
    codes = {f.code for f in found_in(place, "main.py")}
    assert codes == {"MW201", "MW202", "MW401", "MW501"}
    assert {f.code for f in found_in(place, "main.py", "--select", "MW2")} == {"MW201", "MW202"}
    left = found_in(place, "main.py", "--select", "MW2", "--ignore", "MW202")
    assert {f.code for f in left} == {"MW201"}


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("# modelwire: ignore[MW201]", False),
        ("# modelwire: ignore[MW202, MW201]", False),
        ("# modelwire: ignore", False),
        ("# modelwire: ignore[MW202]", True),
        ("# ignore[MW201]", True),
    ],
)
def test_comments_ignore(place: Path, comment: str, *, left: bool) -> None:
    text = FAULTY.replace('@app.post("/things")', f'@app.post("/things")  {comment}')
    (place / "main.py").write_text(text, encoding="utf-8")
    assert any(f.code == "MW201" for f in found_in(place, "main.py")) == left


def test_people_are_told_why_and_what(place: Path) -> None:
    told = check(place, "main.py", "--select", "MW201").stdout
    rule = RULES["MW201"]
    line = FAULTY.splitlines().index('@app.post("/things")') + 1
    for part in (f"main.py:{line}", "MW201", rule.why, rule.write, rule.link, "1 finding"):
        assert part in told


def test_programs_are_told_the_same(place: Path) -> None:
    [told] = json.loads(check(place, "main.py", "--select", "MW501", "--json").stdout)
    assert (told["code"], told["path"], told["fixable"]) == ("MW501", "main.py", True)
    assert told["link"] == "docs/reference/check.md#mw501"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.py"], "There is no file nothing.py"),
        (["main.py", "--select", "MW999"], "--select MW999: no finding has this code"),
        (["main.py", "--ignore", "MW2001"], "did you mean `MW201`?"),
        (["broken.py"], "broken.py, line 1: SyntaxError"),
        (["failing.py"], "failing.py, line 1: ZeroDivisionError"),
        (["empty.py"], "has no FastAPI application and no table"),
    ],
)
def test_wrong_input_is_told_in_a_line_or_two(place: Path, arguments: list[str], said: str) -> None:
    (place / "broken.py").write_text("def")
    (place / "failing.py").write_text("1 / 0")
    (place / "empty.py").write_text("")
    done = check(place, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_examples_have_but_few_findings() -> None:
    """Those of the project: keys of few rows without an index, and no other."""
    league = run_command(["check", "examples/league.py", "--json"], ROOT, {})
    assert json.loads(league.stdout) == []
    invoices = run_command(["check", "examples/invoices.py", "--json"], ROOT, {})
    assert {found["code"] for found in json.loads(invoices.stdout)} <= {"MW501"}


@pytest.mark.parametrize("options", [[], ["--auth"], ["--postgres"], ["--auth", "--postgres"]])
def test_new_projects_are_clean(tmp_path: Path, options: list[str]) -> None:
    assert run_command(["new", "shop", *options], tmp_path, {}).returncode == 0
    done = run_command(["check", "shop.main"], tmp_path / "shop" / "src", {})
    assert (done.returncode, done.stdout.strip()) == (0, "Nothing found."), done.stderr


def test_every_code_is_documented() -> None:
    """The page has a row for each rule, with what it says, and a section that links lead to."""
    page = (ROOT / "docs" / "reference" / "check.md").read_text()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| [`MW")]
    told = {row[0].split("`")[1]: [cell.strip(" |") for cell in row[1:]] for row in rows}
    assert list(told) == list(RULES)
    for code, rule in RULES.items():
        write = f"{rule.write} (`--fix`)" if rule.fixable else rule.write
        assert told[code] == [rule.title, rule.why, write]
        assert re.search(rf"^### {code}$", page, re.MULTILINE)


def test_a_finding_is_told_once_for_two_routes(place: Path) -> None:
    """An endpoint of two paths has one finding for what it calls."""
    text = FAULTY.replace('@app.get("/wait")', '@app.get("/wait")\n@app.get("/await")')
    (place / "main.py").write_text(text, encoding="utf-8")
    found = [f for f in found_in(place, "main.py") if f.code == "MW401"]
    assert len(found) == 2
    assert all(isinstance(f, Fault) for f in found)
