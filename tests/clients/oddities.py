"""Tables whose names and values would end the texts of a client's source, or be no names in it."""

from enum import Enum, IntEnum, StrEnum

from fastapi import FastAPI
from pydantic import BaseModel, RootModel
from sqlalchemy import JSON, Column
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from modelwire import Database, Resource, mount


class OddTable(SQLModel, registry=registry()): ...


class OddText(StrEnum):
    COMMENT = "*/ stop(); /*"
    DOCSTRING = '"""'
    TEMPLATE = "`${stop()}`"
    SLASH = "\\"
    LINES = "two\nlines\u2028three"
    NOTHING = ""


class OddChoice(StrEnum):
    """Is too long for a line, and has what stands between choices in its texts."""

    FIRST = "this | that, which is the first of two long texts"
    SECOND = 'this | "that", which is the second of two long texts'


class OddNumber(float, Enum):
    HALF = 0.5
    WHOLE = 1.0


class OddSize(IntEnum):
    SMALL = 1
    BIG = 2**40


class OddPart(BaseModel):
    width: int
    quoted: str | None = Field(default=None, alias='a"b\\')


class OddParts(RootModel[list[OddPart]]):
    """Refers to a class that is declared behind it."""


class OddTree(RootModel[dict[str, "OddTree"]]):
    """Refers to itself."""


class new(BaseModel):  # noqa: N801
    """Is called as TypeScript has a word."""

    of: int


class super(BaseModel):  # noqa: A001, N801
    """Is called as what a client calls."""

    of: int


class OddDocument(BaseModel):
    made: new | None = None
    above: super | None = None
    parts: OddParts | None = None
    tree: OddTree | None = None


class OddThing(OddTable, table=True):
    """Its name has a number at its start."""

    __tablename__ = "2fa_codes"

    id: int | None = Field(default=None, primary_key=True)
    registered: str = Field(alias="register")
    text: OddText = OddText.NOTHING
    choice: OddChoice = OddChoice.FIRST
    number: OddNumber = OddNumber.HALF
    size: OddSize = OddSize.SMALL
    spaced: int | None = Field(default=None, alias="unit-price")
    joined: int | None = Field(default=None, alias="unit_price")
    quoted: str | None = Field(default=None, alias='", default=stop(), title="')
    parts: OddParts | None = Field(default=None, sa_column=Column(JSON))
    document: OddDocument | None = Field(default=None, sa_column=Column(JSON))


class OddPlace(OddTable, table=True):
    """Is served where a client has something of its own."""

    __tablename__ = "odd_places"

    id: int | None = Field(default=None, primary_key=True)


class OddQuote(OddTable, table=True):
    """Its path ends a docstring."""

    __tablename__ = 'odd"""+stop()+"""'

    id: int | None = Field(default=None, primary_key=True)


def create_app() -> FastAPI:
    """Make the application; nothing asks its database."""
    app = FastAPI()
    database = Database("sqlite://", metadata=OddTable.metadata)
    resources = (Resource(OddThing), Resource(OddPlace, path="/_http"), Resource(OddQuote))
    mount(app, database, *resources, prefix='/api"\\')
    return app
