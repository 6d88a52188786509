"""Tables with every kind of constraint, under easy and under awkward names."""

import enum
from decimal import Decimal

from sqlalchemy import (
    DDL,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field, SQLModel

from modelwire import Resource


class Base(SQLModel):
    metadata = MetaData()


def number() -> int | None:
    """A key that makes itself."""
    value: int | None = Field(default=None, primary_key=True)
    return value


class Account(Base, table=True):
    """Unique values, declared in every way."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("ix_email", "email", unique=True),
        UniqueConstraint("first_name", "last_name"),
        UniqueConstraint("city", "street", name="uq_address"),
        Index("ix_nickname", func.lower(text("nickname")), unique=True),
        Index("ix_area_plot", text("lower(area)"), text("coalesce(plot, 'street')"), unique=True),
        Index(
            "ix_slot",
            "slot",
            unique=True,
            sqlite_where=text("is_active"),
            postgresql_where=text("is_active"),
        ),
        UniqueConstraint("badge").ddl_if(dialect="sqlite"),
        UniqueConstraint("badge", deferrable=True, initially="DEFERRED").ddl_if(
            dialect="postgresql"
        ),
    )

    id: int | None = number()
    username: str = Field(unique=True)
    email: str
    handle: str = Field(index=True, unique=True)
    first_name: str
    last_name: str = "x"
    city: str
    street: str = "x"
    nickname: str
    area: str
    plot: str = "x"
    slot: int | None = None
    is_active: bool = True
    badge: int
    full_name: str = Field(alias="fullName", unique=True)
    zip_code: str = Field(sa_column=Column("Zip Code", String, unique=True))


class Measure(Base, table=True):
    """Checks, with and without names; columns that are called like functions, types and texts."""

    __tablename__ = "measures"
    __table_args__ = (
        CheckConstraint("length > 0"),
        CheckConstraint("Status IN ('open', 'kind', 'low')"),
        CheckConstraint("length(kind) < 10 AND kind <> 'text'", name="kind_is_short"),
        CheckConstraint("low <= high"),
        CheckConstraint("first <= last"),
        CheckConstraint('"Quantity" > 0', name="positive"),
        CheckConstraint('"unit price" >= 0'),
        CheckConstraint("CAST(ratio AS INTEGER) < 100", name="ratio_low"),
    )

    id: int | None = number()
    length: int = 1
    status: str = "open"
    kind: str = "x"
    low: int = 1
    high: int = 9
    first: int = 1
    last: int = 9
    quantity: int = Field(default=1, sa_column=Column("Quantity", SmallInteger, nullable=False))
    unit_price: int = Field(
        default=1, alias="unitPrice", sa_column=Column("unit price", SmallInteger, nullable=False)
    )
    ratio: int = 1
    text: str = "x"


class Counter(Base, table=True):
    """A check that is called like one of another table; one that is built of columns."""

    __tablename__ = "counters"
    id: int | None = number()
    ticks: int = 1
    laps: int = 1


_counters = Counter.__table__  # type: ignore[attr-defined]
_counters.append_constraint(CheckConstraint(_counters.c.ticks > 0, name="positive"))
_counters.append_constraint(CheckConstraint(_counters.c.laps < _counters.c.ticks + 5))


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Value(Base, table=True):
    """What a column can't hold."""

    __tablename__ = "values"

    id: int | None = number()
    label: str | None = Field(default="x", nullable=False)
    note: str | None = Field(default="x", alias="theNote", nullable=False)
    short: str | None = Field(default=None, sa_column=Column(String(5)))
    brief: str | None = Field(default=None, max_length=5)
    small: int | None = Field(default=None, sa_column=Column(SmallInteger))
    number: int | None = None
    price: Decimal | None = Field(default=None, sa_column=Column(Numeric(5, 2)))
    color: Color | None = None


class Team(Base, table=True):
    __tablename__ = "teams"

    id: int | None = number()
    name: str = "x"


class Match(Base, table=True):
    """Two foreign keys to one table."""

    __tablename__ = "matches"

    id: int | None = number()
    home_id: int | None = Field(default=None, foreign_key="teams.id")
    away_id: int | None = Field(default=None, foreign_key="teams.id", alias="awayId")


class Ticket(Base, table=True):
    """A foreign key that is looked at when the transaction ends."""

    __tablename__ = "tickets"
    __table_args__ = (
        ForeignKeyConstraint(["team_id"], ["teams.id"], deferrable=True, initially="DEFERRED"),
    )

    id: int | None = number()
    team_id: int


class Region(Base, table=True):
    """A composite key."""

    __tablename__ = "regions"

    country: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    size: int = 1


class Town(Base, table=True):
    """A composite foreign key, which may be NULL in part."""

    __tablename__ = "towns"
    __table_args__ = (
        ForeignKeyConstraint(
            ["country", "region_name"], ["regions.country", "regions.name"], name="fk_parent"
        ),
    )

    id: int | None = number()
    country: str | None = None
    region_name: str | None = Field(default=None, alias="region")


class Node(Base, table=True):
    """A table that refers to itself."""

    __tablename__ = "nodes"

    code: str = Field(primary_key=True)
    parent_code: str | None = Field(default=None, foreign_key="nodes.code")


class Step(Base, table=True):
    """A table that refers to itself, which is looked at when the transaction ends."""

    __tablename__ = "steps"
    __table_args__ = (
        ForeignKeyConstraint(["next_code"], ["steps.code"], deferrable=True, initially="DEFERRED"),
    )

    code: str = Field(primary_key=True)
    next_code: str | None = None


class Plate(Base, table=True):
    """Others refer to what is no key of it."""

    __tablename__ = "plates"

    id: int | None = number()
    number: str = Field(unique=True)
    shade: str = "x"


class Car(Base, table=True):
    __tablename__ = "cars"
    __table_args__ = (ForeignKeyConstraint(["plate"], ["plates.number"], name="fk_parent"),)

    id: int | None = number()
    plate: str | None = None


class Sticker(Base, table=True):
    """Refers to the key of a plate."""

    __tablename__ = "a_stickers"

    id: int | None = number()
    plate_id: int | None = Field(default=None, foreign_key="plates.id")


class Album(Base, table=True):
    """What refers to it goes with it, or is set free, or stands in the way."""

    __tablename__ = "albums"

    code: str = Field(primary_key=True)


class Song(Base, table=True):
    """Goes with its album, as the database declares."""

    __tablename__ = "a_songs"
    __table_args__ = (
        ForeignKeyConstraint(["album"], ["albums.code"], ondelete="CASCADE", onupdate="CASCADE"),
    )

    code: str = Field(primary_key=True)
    album: str | None = None


class Play(Base, table=True):
    """Stands in the way of its song."""

    __tablename__ = "plays"
    __table_args__ = (ForeignKeyConstraint(["song"], ["a_songs.code"], ondelete="RESTRICT"),)

    id: int | None = number()
    song: str


class Cover(Base, table=True):
    """Is set free where its album goes."""

    __tablename__ = "a_covers"
    __table_args__ = (
        ForeignKeyConstraint(["album"], ["albums.code"], ondelete="SET NULL", onupdate="SET NULL"),
    )

    id: int | None = number()
    album: str | None = None


class Sleeve(Base, table=True):
    """Would be set free where its album goes, but has to have one."""

    __tablename__ = "sleeves"
    __table_args__ = (
        ForeignKeyConstraint(["album"], ["albums.code"], ondelete="SET NULL", onupdate="SET NULL"),
    )

    id: int | None = number()
    album: str


class Order(Base, table=True):
    """Reserved words."""

    __tablename__ = "order"

    group: str = Field(primary_key=True)
    select: str = Field(unique=True)
    where: int = Field(default=1, sa_column=Column("where", SmallInteger, nullable=False))
    __table_args__ = (CheckConstraint('"where" > 0'),)


class OrderItem(Base, table=True):
    """Capitals and spaces; a name that starts like another."""

    __tablename__ = "Order Items"
    __table_args__ = (
        UniqueConstraint("Line No", "order"),
        CheckConstraint('"Line No" > 0'),
    )

    id: int | None = number()
    line_no: int = Field(alias="lineNo", sa_column=Column("Line No", SmallInteger, nullable=False))
    order: str | None = Field(default=None, foreign_key="order.group")


class OrderTag(Base, table=True):
    """A name that starts like another; a check that would have the name of another table's."""

    __tablename__ = "order_where"
    __table_args__ = (CheckConstraint("length(tag) > 2"),)

    tag: str = Field(primary_key=True)


class Booking(Base, table=True):
    """Values that must not overlap, on PostgreSQL."""

    __tablename__ = "bookings"
    __table_args__ = (
        ExcludeConstraint(
            (func.int4range(text("starts"), text("ends"), text("'[]'::text")), "&&")
        ).ddl_if(dialect="postgresql"),
    )

    id: int | None = number()
    starts: int
    ends: int
    text: str = "x"


class Guarded(Base, table=True):
    """Triggers refuse its rows."""

    __tablename__ = "guarded"

    id: int | None = number()
    name: str


class Quarantined(Base, table=True):
    """A trigger writes to another table, whose constraint refuses."""

    __tablename__ = "quarantined"

    id: int | None = number()
    name: str


class Audit(Base, table=True):
    """What a trigger writes to; no resource."""

    __tablename__ = "audits"

    id: int | None = number()
    name: str = Field(unique=True)


_RAISE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.name = 'kept' THEN RAISE EXCEPTION 'secret: guarded.name'; END IF;
    RETURN OLD;
  END IF;
  IF NEW.name = 'bad' THEN RAISE EXCEPTION 'secret: guarded.name'; END IF;
  IF NEW.name = 'worse' THEN RAISE 'secret' USING ERRCODE = '45000'; END IF;
  IF NEW.name = 'worst' THEN RAISE 'secret' USING ERRCODE = 'no_data_found'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON guarded
  FOR EACH ROW EXECUTE FUNCTION refuse()
"""
_AUDIT = """
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO audits (name) VALUES (NEW.name); RETURN NEW;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON quarantined FOR EACH ROW EXECUTE FUNCTION audit()
"""


def _on_sqlite(when: str) -> list[str]:
    named = "OLD" if when == "DELETE" else "NEW"
    raised = {"bad": "ABORT", "worse": "FAIL", "worst": "ROLLBACK", "kept": "ABORT"}
    refused = [n for n in raised if (n == "kept") == (when == "DELETE")]
    return [
        f"CREATE TRIGGER {name}_{when} BEFORE {when} ON guarded WHEN {named}.name = '{name}' "
        f"BEGIN SELECT RAISE({raised[name]}, 'secret: guarded.name'); END"
        for name in refused
    ]


_TRIGGERS = {
    "postgresql": [*_RAISE.split(";\nCREATE T", 1), *_AUDIT.split(";\nCREATE T", 1)],
    "sqlite": [
        *(sql for when in ("INSERT", "UPDATE", "DELETE") for sql in _on_sqlite(when)),
        *(
            f"CREATE TRIGGER audit_{when} AFTER {when} ON quarantined "
            "BEGIN INSERT INTO audits (name) VALUES (NEW.name); END"
            for when in ("INSERT", "UPDATE")
        ),
    ],
}
for _dialect, _statements in _TRIGGERS.items():
    for _sql in _statements:
        _whole = _sql if _sql.lstrip().startswith("CREATE") else f"CREATE T{_sql}"
        event.listen(
            Base.metadata,
            "after_create",
            DDL(_whole.replace("%", "%%")).execute_if(dialect=_dialect),
        )

RESOURCES = (
    *(
        Resource(model)
        for model in (
            Account, Measure, Counter, Value, Team, Match, Ticket, Region, Town, Node, Step, Plate,
            Car, Sticker, Album, Song, Play, Cover, Sleeve, Booking, Guarded, Quarantined,
        )
    ),
    Resource(Order, path="/orders"),
    Resource(OrderItem, path="/order-items"),
    Resource(OrderTag),
)  # fmt: skip
