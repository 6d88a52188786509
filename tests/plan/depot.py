"""Resources to which anything can be written: below, beside and linked to each other, with rules of
every kind."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    computed_field,
    field_serializer,
    field_validator,
    model_validator,
)
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Column,
    Computed,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Integer,
    Numeric,
    SmallInteger,
    String,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    func,
    true,
)
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.dialects.postgresql import CIDR, INET
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import (
    Caller,
    Changes,
    FieldPolicy,
    Hooks,
    Policy,
    Resource,
    everyone,
    nobody,
)
from modelwire.access.principal import Principal
from modelwire.catalog.read import read_catalog
from modelwire.settings import Limits


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class CrateLabel(Base, table=True):
    __tablename__ = "crate_labels"

    crate_id: int = Field(foreign_key="crates.id", primary_key=True)
    label: str = Field(foreign_key="labels.name", primary_key=True)


class Label(Base, table=True):
    __tablename__ = "labels"

    name: str = Field(primary_key=True, max_length=8)
    color: str = "red"
    crates: list["Crate"] = Relationship(back_populates="labels", link_model=CrateLabel)


class Depot(Base, table=True):
    __tablename__ = "depots"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(min_length=1)
    town: str | None = Field(default=None, sa_column=Column("town", String(4)))
    crates: list["Crate"] = Relationship(back_populates="depot")
    shelves: list["Shelf"] = Relationship(back_populates="depot")
    passes: list["Pass"] = Relationship()
    keeper: "Keeper" = Relationship(sa_relationship_kwargs={"uselist": False})


class Keeper(Base, table=True):
    """One row for each depot, as its model has it; the table may have several."""

    __tablename__ = "keepers"

    number: int = Field(primary_key=True)
    letter: str = Field(primary_key=True)
    name: str | None = None
    depot_id: int | None = Field(default=None, foreign_key="depots.id")


class Crate(Base, table=True):
    """A column of every type that values are checked for, and rules for some of them."""

    __tablename__ = "crates"
    __table_args__ = (UniqueConstraint("depot_id", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, max_length=5)
    weight: int | None = Field(default=None, sa_column=Column(SmallInteger))
    price: Decimal | None = Field(default=None, sa_column=Column(Numeric(5, 2)))
    size: Size = Size.SMALL
    filled: date | None = None
    place: str | None = Field(default="a", sa_column=Column("place", String))
    info: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    extra: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    state: str = "new"
    secret_note: str | None = None
    version: int = 1
    stored_at: datetime | None = Field(
        default=None,
        sa_column=Column(DateTime(timezone=True), server_default=func.now(), nullable=False),
    )
    depot_id: int | None = Field(default=None, foreign_key="depots.id")
    depot: Depot | None = Relationship(back_populates="crates")
    labels: list[Label] = Relationship(back_populates="crates", link_model=CrateLabel)
    seals: list["Seal"] = Relationship(back_populates="crate", cascade_delete=True)


class Seal(Base, table=True):
    """A row whose policy protects the reference to its crate."""

    __tablename__ = "seals"

    id: int | None = Field(default=None, primary_key=True)
    number: int
    crate_id: int | None = Field(default=None, foreign_key="crates.id")
    crate: Crate | None = Relationship(back_populates="seals")


class Shelf(Base, table=True):
    """A key of two columns."""

    __tablename__ = "shelves"

    depot_id: int = Field(foreign_key="depots.id", primary_key=True)
    row: str = Field(primary_key=True)
    note: str | None = None
    depot: Depot = Relationship(back_populates="shelves")
    slots: list["Slot"] = Relationship(back_populates="shelf")


class Slot(Base, table=True):
    """A reference of two columns."""

    __tablename__ = "slots"
    __table_args__ = (
        ForeignKeyConstraint(["depot_id", "row"], ["shelves.depot_id", "shelves.row"]),
        UniqueConstraint("depot_id", "number"),
    )

    id: uuid.UUID = Field(primary_key=True)
    depot_id: int = Field(foreign_key="depots.id")
    row: str | None = None
    number: int
    depot: Depot = Relationship(sa_relationship_kwargs={"overlaps": "slots,shelf"})
    shelf: Shelf = Relationship(
        back_populates="slots", sa_relationship_kwargs={"overlaps": "depot"}
    )


class Span(Base, table=True):
    """A model that validates whole rows."""

    __tablename__ = "spans"

    id: int | None = Field(default=None, primary_key=True)
    low: int
    high: int = Field(default=9, unique=True)
    note: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    hidden: int = Field(
        default=0, schema_extra={"validation_alias": AliasChoices("hidden", "covert")}
    )

    @model_validator(mode="after")
    def _compare(self) -> Self:
        if self.low > self.high:
            raise ValueError("low should be at most high")
        if self.hidden > 5:
            raise ValueError("too well hidden")
        return self


class NewParcel(BaseModel):
    code: str
    kind: str = "box"
    note: str | None = None
    rank: int | None = None

    @field_validator("rank")
    @classmethod
    def _double(cls, value: int | None) -> int | None:
        return None if value is None else value * 2


class ChangedParcel(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: str | None = None
    rank: int = 5


class ShownParcel(BaseModel):
    code: str
    rank: int


class Parcel(Base, table=True):
    """A table with schemas of the application's own."""

    __tablename__ = "parcels"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    kind: str = "parcel"
    note: str | None = Field(default="none")
    rank: int = 3


class Trip(Base, table=True):
    """Rows of a caller, with values that the server sets."""

    __tablename__ = "trips"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(unique=True)
    owner_id: int | None = None
    changed_by: str | None = None
    score: int = 0
    info: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    stops: list["Stop"] = Relationship(back_populates="trip")


class Stop(Base, table=True):
    __tablename__ = "stops"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    owner_id: int | None = None
    trip_id: int = Field(foreign_key="trips.id")
    trip: Trip = Relationship(back_populates="stops")


class Letter(Base, table=True):
    """Rows that are kept when they are deleted."""

    __tablename__ = "letters"

    id: int | None = Field(default=None, primary_key=True)
    text: str
    gone_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=False)))


class Card(Base, table=True):
    """Rows that nobody may restore."""

    __tablename__ = "cards"

    id: int | None = Field(default=None, primary_key=True)
    gone_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class Note(Base, table=True):
    """A time of deletion as SQLModel declares it by itself."""

    __tablename__ = "notes"

    id: int | None = Field(default=None, primary_key=True)
    gone_at: datetime | None = None


class Pass(Base, table=True):
    """One row for each caller, whose key the server sets."""

    __tablename__ = "passes"

    owner_id: int = Field(primary_key=True)
    text: str | None = None
    depot_id: int | None = Field(default=None, foreign_key="depots.id")


class Sample(Base, table=True):
    """Values of other classes than their columns have."""

    __tablename__ = "samples"

    id: int | None = Field(default=None, primary_key=True)
    rate: float = Field(default=0.5, sa_column=Column(Numeric(4, 1), nullable=False))
    scale: float | None = Field(default=None, sa_column=Column(Numeric(4, 1)))
    key: uuid.UUID | None = Field(default=None, sa_column=Column(Uuid(as_uuid=False)))
    whole: Decimal | None = Field(default=None, sa_column=Column(Integer))
    kind: str | None = Field(default=None, sa_column=Column(SQLEnum("a", "b", name="kinds")))
    day: date | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    owner: Decimal | None = Field(default=None, sa_column=Column(Numeric(9, 1)))
    raw: bytes | None = None


class Quota(Base, table=True):
    """A model that validates whole rows, with a column that the database fills."""

    __tablename__ = "quotas"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    made_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), server_default=func.now(), nullable=False)
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.name == "none":
            raise ValueError("should be a name")
        return self


class Level(TypeDecorator[int]):
    """A type of the application's own, which may not be a number to the database."""

    impl = Integer
    cache_ok = True


class Meter(Base, table=True):
    """Columns of which not everything can be asked."""

    __tablename__ = "meters"

    id: int | None = Field(default=None, primary_key=True)
    count: int = 0
    level: int | None = Field(default=None, sa_column=Column(Level))
    address: str | None = Field(default=None, sa_column=Column(INET))
    network: str | None = Field(default=None, sa_column=Column(CIDR))


class Badge(Base, table=True):
    """Values that are shown otherwise than they are stored."""

    __tablename__ = "badges"

    id: int | None = Field(default=None, primary_key=True)
    code: str = ""
    name: str | None = None

    @field_serializer("code")
    def _mask(self, code: str) -> str:
        return f"{code[:1]}…"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def title(self) -> str:
        return f"Badge of {self.name}"


class Series(Base, table=True):
    """Rows that one statement could not tell apart from their values."""

    __tablename__ = "series"

    id: int | None = Field(default=None, primary_key=True)
    numbers: list[int] = Field(sa_column=Column(ARRAY(Integer), nullable=False))


class Blank(Base, table=True):
    """Rows of which nothing can be set."""

    __tablename__ = "blanks"

    id: int | None = Field(default=None, primary_key=True)


class Ticket(Base, table=True):
    """Rows whose keys the database alone makes."""

    __tablename__ = "tickets"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    text: str | None = None


def _from_row(context: Any) -> str:
    return str(context.get_current_parameters()["code"])


def _from_number(context: Any) -> str:
    return f"number {context.get_current_parameters()['number']}"


class Gauge(Base, table=True):
    """Columns whose values a list of rows can't have, or that compare in their own way."""

    __tablename__ = "gauges"

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(sa_column=Column(String(collation="NOCASE"), nullable=False))
    kind: str = "a"
    numbers: list[int] | None = Field(default=None, sa_column=Column(ARRAY(Integer)))
    ratio: float = Field(default=0, sa_column=Column(Float(), default=0.5))
    made_of: str | None = Field(
        default=None, sa_column=Column(String, default=_from_row, onupdate=_from_row)
    )
    doubled: int | None = Field(default=None, sa_column=Column(Integer, Computed("id * 2")))


class Reading(Base, table=True):
    """Rows that can be stored together only if they have all of their values."""

    __tablename__ = "readings"

    gauge_id: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    value: str | None = Field(
        default=None, sa_column=Column(String, default=_from_number, onupdate=_from_number)
    )


class Desk(Base, table=True):
    """Rows that may leave the sight of their callers, by a column that every change sets."""

    __tablename__ = "desks"

    id: int | None = Field(default=None, primary_key=True)
    name: str | None = None
    code: str | None = Field(
        default=None, sa_column=Column(String, onupdate=lambda: "b", default="a")
    )
    version: int = 1


class Deal(Base, table=True):
    """A model that fills a field which clients neither see nor set."""

    __tablename__ = "deals"

    id: int | None = Field(default=None, primary_key=True)
    amount: int
    stamp: int

    @model_validator(mode="before")
    @classmethod
    def _seal(cls, data: Any) -> Any:
        return {**data, "stamp": 7 if data.get("amount") else "none"}


class Box(Base, table=True):
    """Boxes in boxes, which the database deletes with them."""

    __tablename__ = "boxes"

    id: int | None = Field(default=None, primary_key=True)
    within_id: int | None = Field(
        default=None,
        sa_column=Column(Integer, ForeignKey("boxes.id", ondelete="CASCADE")),
    )
    gone_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


@dataclass
class Porter:
    """Caller."""

    id: int
    name: str


def read_porter() -> Porter:
    return Porter(1, "ann")


me = Caller(read_porter)
ANN = Principal(None, {"me_id": 1, "me_name": "ann"}, (1,))

RESOURCES = (
    Resource(
        Label,
        nested_writes=["crates"],
        writable=["name"],
        policy=Policy(everyone),
    ),
    Resource(
        Depot,
        nested_writes=["crates", "shelves", "passes"],
        includes=["crates", "keeper"],
        max_bulk_rows=3,
        policy=Policy(everyone),
        hooks=Hooks(before_create=[print]),
    ),
    Resource(
        Crate,
        nested_writes=["depot", "labels", "seals"],
        includes=["depot", "labels"],
        read_only=["state"],
        version="version",
        max_bulk_rows=4,
        writable=["place"],
        policy=Policy(everyone),
    ),
    Resource(
        Seal,
        nested_writes=["crate"],
        policy=Policy(everyone, fields={"crate_id": FieldPolicy(write=nobody)}),
        hooks=Hooks(before_update=[print], before_delete=[print]),
    ),
    Resource(
        Shelf,
        nested_writes=["slots"],
        includes=["slots"],
        writable=["row"],
        policy=Policy(everyone),
    ),
    Resource(
        Slot,
        includes=["shelf"],
        includes_back=["shelf"],
        nested_writes=["shelf", "depot"],
        writable=["id"],
        policy=Policy(everyone),
    ),
    Resource(
        Span,
        policy=Policy(everyone, fields={"hidden": FieldPolicy(read=nobody, write=nobody)}),
    ),
    Resource(
        Parcel,
        create_schema=NewParcel,
        update_schema=ChangedParcel,
        read_schema=ShownParcel,
        policy=Policy(everyone),
    ),
    Resource(
        Trip,
        nested_writes=["stops"],
        policy=Policy(
            col(Trip.owner_id) == me.id,
            update=(col(Trip.owner_id) == me.id) & (col(Trip.score) < 9),
        ),
        assign_on_create={"owner_id": me.id},
        assign_on_update={"changed_by": me.name},
    ),
    Resource(
        Stop,
        policy=Policy(everyone, create=col(Stop.owner_id) == me.id),
        assign_on_create={"owner_id": me.id},
    ),
    Resource(
        Letter,
        soft_delete="gone_at",
        policy=Policy(everyone, restore=true()),
        hooks=Hooks(before_update=[print]),
    ),
    Resource(Card, soft_delete="gone_at", policy=Policy(everyone)),
    Resource(Note, soft_delete="gone_at", policy=Policy(everyone)),
    Resource(Pass, policy=Policy(everyone), assign_on_create={"owner_id": me.id}),
    Resource(
        Gauge,
        policy=Policy(everyone, create=(col(Gauge.kind) == "a") | (col(Gauge.code) == me.name)),
    ),
    Resource(Reading, policy=Policy(everyone), writable=["gauge_id", "number"]),
    Resource(
        Desk,
        policy=Policy(
            col(Desk.code) == "a",
            create=everyone,
            fields={"code": FieldPolicy(read=nobody)},
        ),
        version="version",
    ),
    Resource(
        Deal, policy=Policy(everyone, fields={"stamp": FieldPolicy(read=nobody, write=nobody)})
    ),
    Resource(
        Sample,
        policy=Policy(everyone),
        read_only=["owner"],
        assign_on_create={"owner": me.id},
        assign_on_update={"scale": lambda: None},
    ),
    Resource(Quota, policy=Policy(everyone), writable=["made_at"]),
    Resource(Keeper, policy=Policy(everyone)),
    Resource(Meter, policy=Policy(everyone)),
    Resource(Badge, policy=Policy(everyone), read_only=["code"]),
    Resource(Series, policy=Policy(everyone)),
    Resource(Blank, policy=Policy(everyone)),
    Resource(Box, policy=Policy(everyone)),
    Resource(Ticket, policy=Policy(everyone), changes=Changes()),
)
LIMITS = Limits(max_path_depth=2)
DEPOT = read_catalog(RESOURCES, LIMITS, caller=me)
