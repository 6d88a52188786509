"""Rows into files and back, in every format, through the application."""

import gzip
import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pyarrow.parquet
import pytest
from fastapi import FastAPI

from modelwire.cli.ask import Failed
from modelwire.cli.transfer.export import Exported, Wanted, export
from modelwire.cli.transfer.formats import choose_encoding
from modelwire.cli.transfer.imports import Imported, Order, import_rows
from modelwire.errors import ConfigurationError
from tests.conftest import LEAGUE, ZOO, MakeApp, open_client
from tests.examples import THOROUGH

FORMATS = ("csv", "jsonl", "parquet", "xlsx", "csv.gz", "jsonl.zst")
TEXTS = (
    "a",
    "Ünï 漢字",
    '"',
    "a,b",
    "line\nline\r\nline\r",
    "_x000D_",
    "=1+1",
    "#N/A",
    "'",
    " x ",
    "5",
    "true",
    "null",
    "[1]",
)


def draw_thing(draw: random.Random) -> dict[str, Any]:
    """A row of every type, of whose values some are null."""
    moment = datetime(2000 + draw.randrange(50), 1, 1, tzinfo=UTC) + timedelta(
        microseconds=draw.randrange(10**12)
    )
    row = {
        "text": draw.choice(TEXTS),
        "small": draw.randrange(-32768, 32768),
        "number": draw.randrange(-(2**31), 2**31),
        "big": draw.choice((0, 2**63 - 1, -(2**63), 10**15, 2**53 + 1)),
        "ratio": draw.choice((0.1, 1e300, -2.5, 5e-324, 1.0)),
        "price": str(Decimal(draw.randrange(10**9)) / 100),
        "amount": draw.choice(("0.1", "12345678901.6789", "-5")),
        "flag": draw.random() < 0.5,
        "day": str(date.fromordinal(draw.randrange(1, 3_652_059))),
        "moment": moment.isoformat(),
        "local": moment.replace(tzinfo=None).isoformat(),
        "clock": time(draw.randrange(24), 30, 1, 5).isoformat(),
        "span": draw.choice(("PT1H30M", "P3DT0.5S", "-PT1S")),
        "color": draw.choice(("red", "green")),
        "token_id": str(UUID(int=draw.getrandbits(128))),
        "data": draw.choice(({}, {"a": [1, None, {"b": "=x"}]}, {"é": 1.5})),
    }
    whole = {name: value for name, value in row.items() if draw.random() < 0.8}
    return {**whole, "tags": draw.sample(["a", "b,c", '"'], draw.randrange(3))}


async def read_all(app: FastAPI, path: str) -> list[dict[str, Any]]:
    async with open_client(app) as client:
        rows: list[dict[str, Any]] = (await client.get(f"{path}/stream/")).json()
        return rows


async def add(app: FastAPI, path: str, rows: Sequence[dict[str, Any]]) -> None:
    async with open_client(app) as client:
        answer = await client.post(f"{path}/bulk/", json=rows)
        assert answer.status_code == 201, answer.text


async def remove_all(app: FastAPI, path: str) -> None:
    async with open_client(app) as client:
        keys = [row["id"] for row in (await client.get(f"{path}/stream/")).json()]
        assert (await client.request("DELETE", f"{path}/bulk/", json=keys)).status_code == 204


async def store(app: FastAPI, resource: str, file: Path, **options: Any) -> Imported:
    return await import_rows(app, Order(resource, file, **options), [])


async def write(app: FastAPI, resource: str, file: Path, *filters: str) -> Exported:
    (done,) = await export(app, Wanted([resource], filters, str(file)), [])
    return done


@pytest.mark.parametrize("suffix", FORMATS)
async def test_rows_come_back_as_they_were(share_app: MakeApp, tmp_path: Path, suffix: str) -> None:
    """Whatever a row has in it, a file of any format holds it."""
    app, draw = share_app(*ZOO), random.Random(suffix)
    rows = [draw_thing(draw) for _ in range(200 if THOROUGH else 40)]
    await add(app, "/things", rows)
    before = await read_all(app, "/things")
    file = tmp_path / f"things.{suffix}"
    assert (await write(app, "things", file)).rows == len(rows)
    await remove_all(app, "/things")
    done = await store(app, "things", file, left_out=["id"])
    assert done == ("things", len(rows), 0, True, [])
    after = await read_all(app, "/things")

    def order(found: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps({**row, "id": None}, sort_keys=True) for row in found)

    assert order(after) == order(before)


@pytest.mark.parametrize("suffix", FORMATS)
async def test_no_rows_are_a_file_with_columns(
    share_app: MakeApp, tmp_path: Path, suffix: str
) -> None:
    """A table without rows makes a file that can be imported."""
    app, file = share_app(*LEAGUE), tmp_path / f"teams.{suffix}"
    assert await write(app, "teams", file) == ("teams", 0, str(file))
    assert (await store(app, "teams", file, left_out=["id"])).stored == 0
    if suffix == "parquet":
        assert pyarrow.parquet.read_schema(file).names == ["id", "name", "city"]
    if suffix == "xlsx":
        assert list(openpyxl.load_workbook(file).active.values) == [("id", "name", "city")]


async def test_parameters_of_lists_choose_rows_and_fields(
    share_app: MakeApp, tmp_path: Path
) -> None:
    """A filter is one of a list's parameters, fields and includes among them."""
    app, file = share_app(*LEAGUE), tmp_path / "teams.parquet"
    await add(app, "/teams", [{"name": "Red & Blue", "city": "Rome"}, {"name": "Green"}])
    await write(app, "teams", file, "name=Red & Blue", "fields=name", "include=players")
    assert pyarrow.parquet.read_table(file).to_pylist() == [{"name": "Red & Blue", "players": "[]"}]
    file.unlink()
    for given, said in (
        ("nmae=Red", "nmae"),
        ("limit=3", "limit"),
        ("format=csv", "--format"),
        ("name", "status=paid"),
    ):
        with pytest.raises(ConfigurationError, match=said):
            await write(app, "teams", file, given)
    assert list(tmp_path.iterdir()) == []


async def test_all_resources_go_into_a_folder(share_app: MakeApp, tmp_path: Path) -> None:
    """Each resource has a file of its own; one that is there is not replaced unasked."""
    app = share_app(*LEAGUE)
    await add(app, "/teams", [{"name": "Red"}])
    wanted = Wanted([], (), str(tmp_path / "out"), "csv", "gzip")
    assert {(e.resource, e.rows) for e in await export(app, wanted, [])} == {
        ("users", 0),
        ("teams", 1),
        ("players", 0),
    }
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "players.csv.gz",
        "teams.csv.gz",
        "users.csv.gz",
    ]
    with gzip.open(tmp_path / "out" / "teams.csv.gz", "rt", newline="") as file:
        assert file.read().partition("\r\n")[0] == "id,name,city"
    with pytest.raises(ConfigurationError, match="--force"):
        await export(app, wanted, [])
    assert len(await export(app, wanted._replace(replaces=True), [])) == 3


BAD = "name,city\nRed,Rome\n,Oslo\nBlue\nRed,Bonn\nGreen,\n"
REFUSED = [
    (3, "/name", "string_too_short"),
    (4, "", "unreadable"),
    (5, "/name", "already_exists"),
]


def read_refused(path: Path) -> list[tuple[int, str, str]]:
    records = map(json.loads, path.read_text().splitlines())
    return [(r["line"], e["pointer"], e["code"]) for r in records for e in r["errors"]]


async def test_refused_rows_are_kept_and_the_others_stored(
    share_app: MakeApp, tmp_path: Path
) -> None:
    """Each refused row is told with its line, its values and its reasons."""
    app, file, refused = share_app(*LEAGUE), tmp_path / "teams.csv", tmp_path / "refused.jsonl"
    file.write_text(BAD)
    done = await store(app, "teams", file, refused=refused)
    assert (done.stored, done.refused, done.is_stored) == (2, 3, True)
    assert done.first[0].startswith("line 3: name: ")
    assert read_refused(refused) == REFUSED
    assert refused.stat().st_mode & 0o077 == 0
    assert json.loads(refused.read_text().splitlines()[2])["row"] == {"name": "Red", "city": "Bonn"}
    stored = [(row["name"], row["city"]) for row in await read_all(app, "/teams")]
    assert sorted(stored) == [("Green", None), ("Red", "Rome")]


async def test_first_refused_row_ends_an_import(share_app: MakeApp, tmp_path: Path) -> None:
    """Unless refused rows are kept, what goes with one is not stored, and it is told."""
    app, file = share_app(*LEAGUE), tmp_path / "teams.csv"
    file.write_text("name,city\nRed,Rome\nRed,Bonn\n")
    with pytest.raises(Failed, match=r"line [23]: name: Name already exists"):
        await store(app, "teams", file)
    assert await read_all(app, "/teams") == []


@pytest.mark.parametrize("options", [{"is_dry": True}, {"is_atomic": True}])
async def test_nothing_is_stored_where_all_is_one(
    share_app: MakeApp, tmp_path: Path, options: dict[str, bool]
) -> None:
    """A dry run, and one transaction in which a row is refused, store nothing; both tell all."""
    app, file, refused = share_app(*LEAGUE), tmp_path / "teams.csv", tmp_path / "refused.jsonl"
    file.write_text(BAD)
    done = await store(app, "teams", file, refused=refused, **options)
    assert (done.stored, done.refused, done.is_stored) == (2, 3, False)
    assert read_refused(refused) == REFUSED
    assert await read_all(app, "/teams") == []


async def test_one_transaction_stores_all(share_app: MakeApp, tmp_path: Path) -> None:
    """An atomic import without refused rows is committed; a dry run still is not."""
    app, file = share_app(*LEAGUE), tmp_path / "teams.jsonl"
    file.write_text('{"name": "Red"}\n\n{"name": "Blue", "city": "Bonn"}\n')
    assert (await store(app, "teams", file, is_dry=True)).stored == 2
    assert await read_all(app, "/teams") == []
    assert (await store(app, "teams", file, is_atomic=True)).is_stored
    assert [row["name"] for row in await read_all(app, "/teams")] == ["Red", "Blue"]


async def test_rows_that_are_there_are_merged_or_left_alone(
    share_app: MakeApp, tmp_path: Path
) -> None:
    """An import by a unique key may be run again."""
    app, file = share_app(*LEAGUE), tmp_path / "teams.csv"
    file.write_text("name,city\nRed,Rome\n")
    await store(app, "teams", file)
    file.write_text("name,city\nRed,Oslo\nBlue,\n")
    assert (await store(app, "teams", file, on_conflict="name", ignores=True)).stored == 2
    assert [row["city"] for row in await read_all(app, "/teams")] == ["Rome", None]
    assert (await store(app, "teams", file, on_conflict="name")).stored == 2
    assert [row["city"] for row in await read_all(app, "/teams")] == ["Oslo", None]
    with pytest.raises(ConfigurationError, match="did you mean `name`"):
        await store(app, "teams", file, on_conflict="nmae")


WRONG: Sequence[tuple[str, bytes, dict[str, Any], str]] = (
    ("a.csv", b"nmae\nRed\n", {}, "did you mean `name`"),
    ("a.csv", b"name,name\nRed,Blue\n", {}, "twice"),
    ("a.csv", b"id,name\n1,Red\n", {}, "--without"),
    ("a.csv", b'name\n"Red', {}, "is no CSV"),
    ("a.txt", b"", {}, "--format"),
    ("a.csv", b"", {"format": "xml"}, "csv, jsonl"),
    ("a.csv", b"", {"compression": "rar"}, "gzip"),
    ("a.parquet", b"name", {}, "no Parquet file"),
    ("a.xlsx", b"name", {}, "no Excel file"),
    ("a.csv.gz", b"name\nRed\n", {}, "can't be read"),
    ("a.jsonl.zst", b"{}", {}, "can't be read"),
    ("a.csv", b"name\nRed\n", {"ignores": True}, "--on-conflict"),
    ("a.csv", b"name\nRed\n", {"resumes": True, "is_dry": True}, "--resume"),
    ("a.csv", b"name\nRed\n", {"refused": Path("/nowhere/a")}, "can't be written"),
)


@pytest.mark.parametrize(("name", "content", "options", "said"), WRONG)
async def test_wrong_file_is_told_in_a_line(
    share_app: MakeApp,
    tmp_path: Path,
    name: str,
    content: bytes,
    options: dict[str, Any],
    said: str,
) -> None:
    """An unusable file is reported with what would be right, and nothing is stored."""
    app, file = share_app(*LEAGUE), tmp_path / name
    file.write_bytes(content)
    with pytest.raises((ConfigurationError, Failed), match=said) as caught:
        await store(app, "teams", file, **options)
    assert "\n" not in str(caught.value)
    assert await read_all(app, "/teams") == []


async def test_text_that_is_no_utf8_is_a_refused_row(share_app: MakeApp, tmp_path: Path) -> None:
    """A row that can't be sent is refused alone."""
    app, refused = share_app(*LEAGUE), tmp_path / "refused.jsonl"
    for name, content in (
        ("a.csv", b"name\nR\xe9d\nBlue\n"),
        ("a.jsonl", b'{"name":"\xe9"}\n{"name":"X"}\n'),
    ):
        (tmp_path / name).write_bytes(content)
        done = await store(app, "teams", tmp_path / name, refused=refused, replaces=True)
        assert (done.stored, done.refused) == (1, 1)
    assert [row["name"] for row in await read_all(app, "/teams")] == ["Blue", "X"]


def test_names_say_formats() -> None:
    """The end of a name, whatever its case, says how a file is written; options say it first."""
    assert choose_encoding(Path("A.CSV.GZ"), None, None) == ("csv", "gzip")
    assert choose_encoding(Path("a.csv"), "jsonl", "zstd") == ("jsonl", "zstd")
    assert choose_encoding(None, "csv", None).suffix == ".csv"
