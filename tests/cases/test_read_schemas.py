"""A read schema that can't show what there is to show is refused at start-up."""

import enum
import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, ConfigDict, Field, computed_field, field_validator, model_validator
from sqlalchemy import JSON, Column
from sqlmodel import Field as SQLField
from sqlmodel import SQLModel

from examples.league import Player, Team, User
from modelwire import ConfigurationError, Database, Resource
from modelwire.catalog.read import read_catalog
from tests import zoo
from tests.conftest import MakeClient
from tests.http.rows import store


class Kind(enum.Enum):
    A = "a"


class Widget(SQLModel, table=True):
    __tablename__ = "widgets"

    id: uuid.UUID = SQLField(default_factory=uuid.uuid4, primary_key=True)
    name: str
    count: int | None = None
    kind: Kind = Kind.A
    made: datetime | None = None
    price: Decimal = Decimal(0)
    data: dict[str, Any] | None = SQLField(default=None, sa_column=Column(JSON))


class TextKey(BaseModel):
    id: str


class Counted(BaseModel):
    count: int


class Dated(SQLModel):
    made: date | None


class Priced(BaseModel):
    price: str


class Invented(BaseModel):
    name: str
    colour: str


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    count: int = Field(alias="Anzahl")


WRONG: dict[str, tuple[type[BaseModel], str]] = {
    "another type": (TextKey, r"the column `id` has a UUID, and `id` should be a valid string"),
    "NULL": (Counted, r"the column `count` may be NULL.*annotate it as `… \| None`"),
    "text for a number": (Priced, "the column `price` has a decimal"),
    "no column": (Invented, "`colour` is not a column of the table"),
    "NULL under an alias": (Aliased, "the column `count` may be NULL"),
}


@pytest.mark.parametrize("name", WRONG)
def test_schema_that_cannot_show_a_row(name: str) -> None:
    """A schema that could never show a row is named, with what to write."""
    schema, message = WRONG[name]
    with pytest.raises(ConfigurationError, match=message):
        read_catalog([Resource(Widget, read_schema=schema)])


class Lenient(BaseModel):
    """Takes what its types alone don't."""

    id: str
    count: int
    colour: str
    kind: str
    data: dict[str, int] | None = None

    @model_validator(mode="before")
    @classmethod
    def invent(cls, data: Any) -> Any:
        return {"colour": "red", **data, "id": str(data["id"]), "kind": data["kind"].value}

    @field_validator("count", mode="before")
    @classmethod
    def no_null(cls, value: int | None) -> int:
        return value or 0


class Picky(SQLModel):
    """Refuses a row that is made up; others it may show."""

    name: str

    @field_validator("name")
    @classmethod
    def known(cls, value: str) -> str:
        return {"ann": "Ann"}[value]


class Computed(SQLModel):
    name: str
    note: str = "x"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def label(self) -> str:
        return self.name.upper()


@pytest.mark.parametrize("schema", [Lenient, Picky, Computed, Dated])
def test_schema_that_can_show_rows(schema: type[BaseModel]) -> None:
    """Validators count, and values that they refuse may be valid for other rows."""
    read_catalog([Resource(Widget, read_schema=schema)])


@pytest.mark.parametrize("argument", ["create_schema", "update_schema", "read_schema"])
def test_table_as_a_schema(argument: str) -> None:
    """A table is no schema: it would let clients set its key."""
    options: dict[str, Any] = {argument: User}
    with pytest.raises(ConfigurationError, match="should be a Pydantic model that is not a table"):
        Resource(User, **options)


class PublicUser(SQLModel):
    """SQLModel's own idiom, with an alias."""

    id: int
    name: str = SQLField(alias="userName", default="")
    username: str


URLS = ("/users/1", "/users/", "/users/stream/", "/users/1?fields=username", "/users/?cursor=")


@pytest.mark.parametrize("url", URLS)
async def test_sqlmodel_as_a_schema(make_client: MakeClient, database: Database, url: str) -> None:
    """Rows are shown by a plain SQLModel class in every way of reading."""
    client = await make_client(Resource(User, read_schema=PublicUser))
    await store(database, User(username="ann", email="a"))
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    rows = found["items"] if isinstance(found, dict) and "items" in found else found
    row = rows[0] if isinstance(rows, list) else rows
    whole = {"id": 1, "userName": "", "username": "ann"}
    assert row == ({"username": "ann"} if "fields" in url else whole)


class TeamName(SQLModel):
    name: str


class PlayerWithTeam(SQLModel):
    id: int
    name: str
    team: TeamName | None = None


class TeamWithPlayers(BaseModel):
    name: str
    players: list[PlayerWithTeam]


async def test_rows_of_relations(make_client: MakeClient, database: Database) -> None:
    """A schema within a schema says alone what is shown of related rows, and holds no others."""
    client = await make_client(
        Resource(Team, read_schema=TeamWithPlayers), Resource(Player, read_schema=PlayerWithTeam)
    )
    await store(database, Team(name="Red", city="Rome"))
    await store(database, Player(name="Ann", position="x", team_id=1))
    assert (await client.get("/players/1")).json() == {
        "id": 1,
        "name": "Ann",
        "team": {"name": "Red"},
    }
    assert (await client.get("/teams/1")).json() == {
        "name": "Red",
        "players": [{"id": 1, "name": "Ann"}],
    }
    assert (await client.get("/teams/")).json()["items"] == [{"name": "Red"}]
    deep = await client.get("/teams/?include=players")
    assert deep.json()["items"] == [{"name": "Red", "players": [{"id": 1, "name": "Ann"}]}]
    created = await client.post("/teams/", json={"name": "Blue"})
    assert created.json() == {"name": "Blue"}


def test_relation_without_a_resource() -> None:
    """A relation in a read schema is an include, whose target must be served."""
    with pytest.raises(ConfigurationError, match="Mount a Resource for the table teams"):
        read_catalog([Resource(Player, read_schema=PlayerWithTeam)])


def test_hidden_field_of_a_relation() -> None:
    """A schema for related rows can't ask for what their own resource hides."""
    with pytest.raises(ConfigurationError, match=r"requires `name`.*does not show that"):
        read_catalog(
            [Resource(Player, read_schema=PlayerWithTeam), Resource(Team, hidden=["name"])]
        )


async def test_hidden_key_of_a_relation(make_client: MakeClient, database: Database) -> None:
    """Fields of related rows that are read for internal use, such as keys, are not shown."""

    class Author(SQLModel):
        id: int | None = None
        name: str

    class Book(SQLModel):
        title: str
        author: Author

    client = await make_client(
        Resource(zoo.Author, hidden=["id"]), Resource(zoo.Book, read_schema=Book)
    )
    await store(database, zoo.Author(name="Ann"))
    await store(database, zoo.Book(title="x", author_id=1))
    shown: httpx2.Response = await client.get("/books/1")
    assert shown.json() == {"title": "x", "author": {"id": None, "name": "Ann"}}
