"""Tables whose columns keep values otherwise than their annotations have them, or as others do."""

import enum
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from pgvector.sqlalchemy import HALFVEC, VECTOR
from pydantic import ConfigDict, NaiveDatetime, SecretStr, computed_field
from sqlalchemy import (
    ARRAY,
    DDL,
    JSON,
    REAL,
    BigInteger,
    Column,
    Computed,
    Date,
    DateTime,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    String,
    Text,
    TypeDecorator,
    Uuid,
    event,
    func,
)
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import registry
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, Relationship, SQLModel

from modelwire import Resource


class Base(SQLModel, registry=registry()):
    """The base of the tables of these tests, in which names stand for these only."""


class Station(Base, table=True):
    __tablename__ = "stations"

    height: float = 0.5
    id: int | None = Field(default=None, primary_key=True)
    readings: list["Reading"] = Relationship(back_populates="station")


class Reading(Base, table=True):
    """The first column is REAL, and others are not."""

    __tablename__ = "readings"

    celsius: float
    count: int
    big: int = Field(default=2**53 + 1, sa_type=BigInteger)
    note: str | None = None
    id: int | None = Field(default=None, primary_key=True)
    station_id: int | None = Field(default=None, foreign_key="stations.id")
    station: Station | None = Relationship(back_populates="readings")


def upper_name(context: Any) -> str:
    """A default that looks at the row."""
    return str(context.get_current_parameters()["name"]).upper()


def upper_name_if_given(context: Any) -> str | None:
    """Return the name in upper case, if a change sets it."""
    name = context.get_current_parameters().get("name")
    return None if name is None else str(name).upper()


class Event(Base, table=True):
    """Columns whose defaults are their own, not their fields'."""

    __tablename__ = "events"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    made: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), default=func.now())
    )
    n: int | None = Field(default=None, sa_column_kwargs={"default": 7})
    must: int = Field(sa_column=Column(Integer, nullable=False, default=8))
    marker: str | None = Field(default=None, sa_column_kwargs={"default": lambda: uuid.uuid4().hex})
    slug: str | None = Field(default=None, sa_column_kwargs={"default": upper_name})
    up: str | None = Field(default=None, sa_column_kwargs={"onupdate": upper_name_if_given})
    changes: int | None = Field(default=None, sa_column_kwargs={"onupdate": lambda: 1})
    notes: list["Note"] = Relationship()


class Note(Base, table=True):
    """A default that looks at what another row gives."""

    __tablename__ = "notes"

    id: int | None = Field(default=None, primary_key=True)
    event_id: int = Field(foreign_key="events.id")
    label: str | None = Field(
        default=None,
        sa_column_kwargs={"default": lambda c: f"of {c.get_current_parameters()['event_id']}"},
    )


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


class Level(enum.IntEnum):
    HIGH = 3
    LOW = 1


class Item(Base, table=True):
    """Annotations that are not the types of their columns."""

    __tablename__ = "items"

    id: int | None = Field(default=None, primary_key=True)
    price: float = Field(default=1.5, sa_type=Numeric(10, 2))
    count: int = Field(default=2, sa_type=Numeric(10, 0))
    day: date = Field(default=date(2024, 1, 2), sa_type=DateTime())
    ok: bool = Field(default=True, sa_type=Integer)
    level: Level | None = Field(default=None, sa_type=Integer)
    color: Color | None = Field(default=None, sa_type=String)
    exact: Decimal | None = Field(default=None, sa_column=Column(Float))
    number: int | None = Field(default=None, sa_type=String)
    pin: SecretStr | None = Field(default=None, sa_type=String)


class File(Base, table=True):
    __tablename__ = "files"

    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    body: bytes | None = None


class Hash(Base, table=True):
    """Rows whose key is bytes."""

    __tablename__ = "digests"

    digest: bytes = Field(primary_key=True)
    name: str = ""


class HexFile(Base, table=True):
    """Bytes in the form that the model has chosen itself."""

    __tablename__ = "hex_files"
    model_config = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")  # type: ignore[assignment]

    id: int | None = Field(default=None, primary_key=True)
    body: bytes | None = None


class Utf8File(Base, table=True):
    """Bytes that the model takes for texts."""

    __tablename__ = "utf8_files"
    model_config = ConfigDict(ser_json_bytes="utf8")  # type: ignore[assignment]

    id: int | None = Field(default=None, primary_key=True)
    body: bytes | None = None


class Thing(Base, table=True):
    """Columns in which others may have stored what can't be read."""

    __tablename__ = "things"

    id: int | None = Field(default=None, primary_key=True)
    color: Color | None = Field(default=None, sa_type=SQLEnum(Color, name="thing_color"))
    day: date | None = None
    moment: datetime | None = None
    local: NaiveDatetime | None = None
    clock: time | None = None
    span: timedelta | None = None
    ratio: float | None = None
    price: Decimal | None = None
    note: str | None = None
    uid: uuid.UUID | None = None
    data: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    owner_id: int | None = Field(default=None, foreign_key="things.id")
    owner: "Thing" = Relationship(
        back_populates="owned", sa_relationship_kwargs={"remote_side": "Thing.id"}
    )
    owned: list["Thing"] = Relationship(back_populates="owner")

    @property
    def ignored(self) -> int:
        return 1


class Shown(SQLModel):
    """Thing as a read schema of the user's own shows it."""

    id: int
    day: date | None
    color: Color | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def label(self) -> str:
        return f"thing {self.id}"


class Measure(Base, table=True):
    """Floats of four bytes."""

    __tablename__ = "measures"

    id: int | None = Field(default=None, primary_key=True)
    r: float = Field(sa_type=REAL)
    many: list[float] | None = Field(
        default=None, sa_column=Column(ARRAY(REAL).with_variant(JSON(), "sqlite"))
    )


class KindOf(FunctionElement[str]):
    """The kind that stands in a JSON text: what can't be read as such is an error."""

    inherit_cache = True


@compiles(KindOf, "sqlite")
def _kind_on_sqlite(element: KindOf, compiler: Any, **options: Any) -> str:
    return "json_extract(payload, '$.kind')"


@compiles(KindOf, "postgresql")
def _kind_on_postgresql(element: KindOf, compiler: Any, **options: Any) -> str:
    return "payload::json ->> 'kind'"


class Hook(Base, table=True):
    """A column that is computed by an expression, which may fail."""

    __tablename__ = "hooks"

    id: int | None = Field(default=None, primary_key=True)
    payload: str
    kind: str | None = Field(
        default=None, sa_column=Column(Text, Computed(KindOf(), persisted=True))
    )


def array(item: Any, dimensions: int | None = None) -> TypeEngine[Any]:
    """Arrays on PostgreSQL, JSON on SQLite."""
    return ARRAY(item, dimensions=dimensions).with_variant(JSON(), "sqlite")


class Arrays(Base, table=True):
    """Arrays of every kind of items."""

    __tablename__ = "arrays"

    id: int | None = Field(default=None, primary_key=True)
    days: list[date] | None = Field(default=None, sa_type=array(Date))
    times: list[datetime] | None = Field(default=None, sa_type=array(DateTime(timezone=True)))
    spans: list[timedelta] | None = Field(default=None, sa_type=array(Interval))
    blobs: list[bytes] | None = Field(default=None, sa_type=array(LargeBinary))
    grid: list[list[int]] | None = Field(default=None, sa_type=array(Integer, 2))
    prices: list[Decimal] | None = Field(default=None, sa_type=array(Numeric(6, 2)))
    floats: list[float] | None = Field(default=None, sa_type=array(Numeric(6, 2)))
    keys: list[uuid.UUID] | None = Field(default=None, sa_type=array(Uuid))
    colors: list[Color] | None = Field(default=None, sa_type=array(String))
    words: set[str] | None = Field(default=None, sa_type=array(Text))
    pair: tuple[int, int] | None = Field(default=None, sa_type=array(Integer))


class Matrix:
    """A value of a class that JSON has not, as NumPy's arrays are."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self.numbers = tuple(numbers)

    def tolist(self) -> list[float]:
        """Its numbers."""
        return list(self.numbers)


class MatrixType(TypeDecorator[Matrix]):
    """Matrices as texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Any) -> str | None:
        if value is None:
            return None
        numbers = value.numbers if isinstance(value, Matrix) else value
        return ",".join(str(float(number)) for number in numbers)

    def process_result_value(self, value: str | None, _dialect: Any) -> Matrix | None:
        return None if value is None else Matrix([float(part) for part in value.split(",")])


class Opaque:
    """A value of a class of which nothing is known."""

    def __str__(self) -> str:
        return "opaque"


class OpaqueType(TypeDecorator[Opaque]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Any) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect: Any) -> Opaque | None:
        return None if value is None else Opaque()


class Oddity(Base, table=True):
    """Columns in which SQLite has what no other database would take, and a computed field."""

    __tablename__ = "oddities"

    id: int | None = Field(default=None, primary_key=True)
    body: bytes | None = None
    words: str | None = None
    amount: Decimal | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def label(self) -> str:
        return f"oddity {self.id}"


class Embedding(Base, table=True):
    """Vectors, and values that are of no type of JSON's."""

    __tablename__ = "embeddings"

    id: int | None = Field(default=None, primary_key=True)
    vector: Any = Field(default=None, sa_column=Column(VECTOR(3)))
    loose: list[float] | None = Field(default=None, sa_column=Column(VECTOR()))
    half: Any = Field(default=None, sa_column=Column(HALFVEC(2)))
    matrix: Any = Field(default=None, sa_column=Column(MatrixType))
    opaque: Any = Field(default=None, sa_column=Column(OpaqueType))


event.listen(
    Embedding.__table__,  # type: ignore[attr-defined]
    "before_create",
    DDL("CREATE EXTENSION IF NOT EXISTS vector").execute_if(dialect="postgresql"),
)


class Abstract(Base, table=True):
    """JSON columns of abstract types."""

    __tablename__ = "abstracts"

    id: int | None = Field(default=None, primary_key=True)
    words: Sequence[str] | None = Field(default=None, sa_type=JSON)
    counts: Mapping[str, int] | None = Field(default=None, sa_type=JSON)
    anything: Any = Field(default=None, sa_type=JSON)


RESOURCES = (
    Resource(Station, includes=["readings"]),
    Resource(Reading, includes=["station"], nested_writes=["station"]),
    Resource(Event, includes=["notes"], nested_writes=["notes"]),
    Resource(Note),
    Resource(Item),
    Resource(File),
    Resource(Hash),
    Resource(HexFile),
    Resource(Utf8File),
    Resource(Thing, includes=["owner", "owned"]),
    Resource(Measure),
    Resource(Hook),
    Resource(Arrays),
    Resource(Embedding),
    Resource(Oddity),
    Resource(Abstract),
)
