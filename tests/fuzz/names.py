"""Names that users might give, and what a module of models begins with."""

HEAD = """\
import enum
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal, Optional

from typing_extensions import TypedDict
from fastapi import Header
from pydantic import (
    AwareDatetime, BaseModel, ConfigDict, NaiveDatetime, PositiveInt, StringConstraints,
    computed_field, field_validator, model_validator,
)
from pydantic.alias_generators import to_camel
from sqlalchemy import (
    ARRAY, JSON, REAL, BigInteger, Boolean, CheckConstraint, Column, Computed, Date, DateTime,
    Float, ForeignKeyConstraint, Index, Integer, Interval, LargeBinary, Numeric, SmallInteger,
    String, Text, Time, UniqueConstraint, Uuid, false, func, text, true,
)
from sqlalchemy import Enum as SQLEnum
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import column_property, registry
from sqlmodel import Field, Relationship, SQLModel, col, select

from modelwire import Caller, Changes, FieldPolicy, Policy, Resource, everyone, nobody
from tests.fuzz.made import make_moment, make_uuid


class Base(SQLModel, registry=registry()):
    pass


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"
    BLUE = "b,l"


class Mood(enum.StrEnum):
    SAD = "sad"
    HAPPY = "happy"


def values_of(kind):
    return [one.value for one in kind]


class Level(enum.IntEnum):
    HIGH = 3
    LOW = 1
    NONE = -2


class Size(BaseModel):
    width: int
    unit: Literal["cm", "in"] = "cm"
    tags: list[str] = []


@dataclass
class Record:
    a: int
    at: date


class Words(TypedDict):
    a: int
    b: str


class Stamped(SQLModel):
    made_at: datetime = Field(default_factory=make_moment)
    stored_at: datetime | None = Field(
        default=None, sa_column_kwargs={"server_default": func.now()}
    )


class Who(BaseModel):
    id: int
    is_admin: bool


def read_who(
    x_user: Annotated[int, Header()] = 1, x_admin: Annotated[bool, Header()] = False
) -> Who:
    return Who(id=x_user, is_admin=x_admin)


me = Caller(read_who)
"""

NAMES = (
    *("name", "title", "limit", "skip", "sort", "q", "fields_", "include", "cursor", "count"),
    *("order", "group", "select", "user", "type", "value", "key", "item", "items"),
    *("total", "after", "wait", "deleted", "as_of", "tz", "measures", "having", "or_", "not_"),
    *("excluded", "new", "old", "größe", "Upper", "camelCase", "a", "x1", "note", "number"),
    *("operation", "at", "by", "changed", "body", "path", "method", "request", "session"),
    *("row", "rows", "data", "input", "self_", "where", "position", "index", "default"),
    *("values", "check_", "end", "begin", "timestamp", "level", "atomic", "rowid", "oid"),
    *("desc", "asc", "a__b", "size__gt", "link", "etag", "status", "on_conflict", "query"),
    *("stream", "bulk", "aggregate", "history", "changes", "next", "previous"),
)
TABLES = (
    *("order", "user", "select", "Mixed", "Mixed Case", 'we"ird', "größe", "a%b", "tables-1"),
    *("it's", "things", "people", "batch", "changes", "query", "t(1)", "semi;colon", "a&b"),
    *("a+b", "x" * 55, "docs2", "UPPER"),
    *("colon:x", "q?", "hash#", "rows", "new", "old", "excluded", "bulk"),
)
COLUMNS = (
    *("user name", 'quo"te', "per%cent", "co:lon", "Größe", "UPPER CASE", "a.b", "(paren)"),
    *("select", "it's", "back\\slash", "dollar$", "q?", "%(x)s", "tab le", "key", "row", "old"),
    *("new", "value"),
)
ALIASES = (
    *("full-name", "a b", "x.y", "ünï", "camelCase2", "$dollar", "or", "limit", "fields"),
    *("a__b", "x/y", "~t", "id2", "a,b", "(p)", "q:r", "items", "$ref", "-minus", '"quoted"'),
    *("include", "x__gt"),
)
RELATIONS = (
    *("owner", "parent", "boss", "team", "source", "target", "main", "limit2", "größen", "Ref"),
    *("group_", "of"),
)
MANY = (
    *("parts", "lines", "kids", "all_of", "tags", "links", "Members", "entries", "staff"),
    *("fans", "others", "ones"),
)


CONFIGS = (
    *("use_enum_values=True", "validate_assignment=True", "from_attributes=True"),
    *('extra="forbid"', 'extra="ignore"', "validate_default=True", "populate_by_name=True"),
    *('title="Its title"', "arbitrary_types_allowed=True", "coerce_numbers_to_str=False"),
    *("protected_namespaces=()",),
)
