"""Seeds: rows that are there once however often they are stored, in one batch."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource, mount
from modelwire.cli.ask import Failed
from modelwire.cli.seeds import store_seeds
from modelwire.errors import ConfigurationError, ModelwireError
from tests.conftest import LEAGUE, MakeApp, open_client


class SownPlace(SQLModel, table=True):
    __tablename__ = "sown_places"

    code: str = Field(primary_key=True, max_length=10)
    name: str
    within: str | None = Field(default=None, foreign_key="sown_places.code")


class SownVisit(SQLModel, table=True):
    __tablename__ = "sown_visits"

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(unique=True)
    place: str = Field(foreign_key="sown_places.code")
    first: int | None = Field(default=None, foreign_key="sown_visits.id")


SOWN = (Resource(SownPlace, max_bulk_rows=2), Resource(SownVisit))
SEEDS: dict[str, Any] = {
    "sown_visits": {
        "late": {
            "number": 2,
            "place": {"$ref": "sown_places.home"},
            "first": {"$ref": "sown_visits.early"},
        },
        "early": {"number": 1, "place": {"$ref": "sown_places.town.code"}},
    },
    "sown_places": {
        "home": {"code": "h", "name": "Home", "within": {"$ref": "sown_places.town"}},
        "town": {"code": "t", "name": "Town"},
        "land": {"code": "l", "name": "Land"},
        "sea": {"code": "s", "name": "Sea"},
    },
}


async def rows_of(app: FastAPI, path: str) -> list[dict[str, Any]]:
    async with open_client(app) as client:
        rows: list[dict[str, Any]] = (await client.get(f"{path}/stream/")).json()
        return rows


async def sow(app: FastAPI, folder: Path, seeds: object, *keys: str) -> dict[str, int]:
    (folder / "seeds.json").write_text(json.dumps(seeds))
    return dict(await store_seeds(app, str(folder / "seeds.json"), keys, []))


async def test_rows_refer_to_each_other_by_name(share_app: MakeApp, tmp_path: Path) -> None:
    """Each row comes after those that it refers to, in whatever order they stand; and once."""
    app = share_app(*SOWN)
    for name in ("Home", "House"):
        SEEDS["sown_places"]["home"]["name"] = name
        assert await sow(app, tmp_path, SEEDS) == {"sown_visits": 2, "sown_places": 4}
        places = {row["code"]: row for row in await rows_of(app, "/sown_places")}
        assert sorted(places) == ["h", "l", "s", "t"]
        assert places["h"] == {"code": "h", "name": name, "within": "t"}
        visits = {row["number"]: row for row in await rows_of(app, "/sown_visits")}
        assert [visits[1]["place"], visits[2]["place"]] == ["t", "h"]
        assert visits[2]["first"] == visits[1]["id"]
        assert len(visits) == 2


async def test_all_are_stored_or_none(share_app: MakeApp, tmp_path: Path) -> None:
    """A row that is refused is named, with the field, and nothing of the others is stored."""
    app = share_app(*LEAGUE)
    seeds = {"teams": {"red": {"name": "Red"}}, "users": [{"username": "", "email": "a@x.org"}]}
    with pytest.raises(Failed, match=r"^users\.0: username: String should have at least"):
        await sow(app, tmp_path, seeds)
    assert await rows_of(app, "/teams") == []


async def test_key_may_be_chosen(share_app: MakeApp, tmp_path: Path) -> None:
    """By default the first unique key counts that all rows have."""
    app = share_app(*LEAGUE)
    await sow(app, tmp_path, {"users": [{"username": "ann", "email": "ann@x.org"}]})
    moved = {"users": [{"username": "anna", "email": "ann@x.org"}]}
    with pytest.raises(Failed, match="Email already exists"):
        await sow(app, tmp_path, moved)
    await sow(app, tmp_path, moved, "users=email")
    assert [row["username"] for row in await rows_of(app, "/users")] == ["anna"]
    with pytest.raises(ConfigurationError, match="should name a unique key"):
        await sow(app, tmp_path, moved, "users=full_name")


WRONG: Sequence[tuple[Any, str]] = (
    ([], "object of resources"),
    ({"teems": []}, "did you mean `teams`"),
    ({"teams": 5}, "list of rows"),
    ({"teams": [5]}, r"teams\.0 should be a row"),
    ({"teams": [{"city": "Rome"}]}, "unique key name"),
    ({"players": [{"name": "Ann"}]}, "players has no unique key"),
    ({"teams": {"a": {"name": {"$ref": "teams.b"}}}}, r"teams\.a refers to teams\.b"),
    (
        {"teams": {n: {"name": {"$ref": f"teams.{m}.name"}} for n, m in ("ab", "ba")}},
        r"teams\.a refers to teams\.b refers to teams\.a",
    ),
)


@pytest.mark.parametrize(("seeds", "said"), WRONG)
async def test_wrong_seeds_are_told(
    share_app: MakeApp, tmp_path: Path, seeds: object, said: str
) -> None:
    """A wrong seed is reported with its place, and what would be right."""
    with pytest.raises(ConfigurationError, match=said):
        await sow(share_app(*LEAGUE), tmp_path, seeds)


async def test_seeds_come_of_a_function(
    share_app: MakeApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function may make them, and wait for something; what it raises is told with its place."""
    app = share_app(*LEAGUE)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "sown_seeds.py").write_text(
        "async def make():\n    return {'teams': [{'name': 'Red'}]}\n\n"
        "def fail():\n    raise KeyError('x')\n"
    )
    assert await store_seeds(app, "sown_seeds:make", [], []) == {"teams": 1}
    with pytest.raises(ModelwireError, match=r"sown_seeds:fail can't be run\n.*line 5: KeyError"):
        await store_seeds(app, "sown_seeds:fail", [], [])
    del sys.modules["sown_seeds"]


async def test_seeds_need_batches(database: Database, tmp_path: Path) -> None:
    """Without them there is no transaction of several requests."""
    app = FastAPI()
    mount(app, database, *LEAGUE, batch=None)
    with pytest.raises(ConfigurationError, match="batch=None"):
        await sow(app, tmp_path, {"teams": [{"name": "Red"}]})
