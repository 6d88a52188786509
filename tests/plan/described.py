"""Plans in words, and queries of resources with every kind of field."""

import datetime as dt
import enum
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    CHAR,
    Column,
    Date,
    ForeignKey,
    Identity,
    Integer,
    Interval,
    Numeric,
    String,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel, col

from modelwire import Policy, Resource, nobody
from modelwire.catalog.documents import Part
from modelwire.catalog.field import Field as CatalogField
from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Catalog
from modelwire.errors import RequestError, Violation
from modelwire.request.query import Parameter, parse_query
from modelwire.settings import Limits
from modelwire.shape.conditions import (
    AllOf,
    AnyOf,
    ChildOf,
    Condition,
    Measured,
    Negation,
    Predicate,
    Search,
    Through,
)
from modelwire.shape.parts import Include, Order
from tests.access import own_models as own
from tests.access.models import TenantInvoice, me
from tests.computed.test_decimals import RESOURCES as COMPUTED
from tests.conftest import LEAGUE, ZOO
from tests.json_columns.tables import RESOURCES as DOCUMENTS

from .depot import DEPOT

ROWS = (*LEAGUE, *ZOO)
CATALOG, JSON = read_catalog(ROWS), read_catalog(DOCUMENTS)

LIMITED = read_catalog(
    ROWS,
    Limits(
        max_filters=2,
        max_sort_terms=2,
        max_list_values=2,
        max_text_length=5,
        max_search_words=2,
        max_path_depth=2,
        max_logic_depth=2,
        max_logic_terms=2,
        max_groups=7,
    ),
)
"""The same resources with low limits."""


GUARDED = read_catalog(
    [
        Resource(
            TenantInvoice,
            policy=Policy(
                col(TenantInvoice.organisation_id).in_(me.organisation_ids),
                write=col(TenantInvoice.id) > 7,
                delete=nobody,
            ),
        )
    ],
    caller=me,
)
"""A resource of which callers see some rows, and may change others."""


class Base(SQLModel, registry=registry()):
    """Tables of their own."""


class Rack(Base, table=True):
    __tablename__ = "racks"

    code: str = Field(sa_column=Column(CHAR(4), primary_key=True))
    bins: list["Bin"] = Relationship(back_populates="rack")


class Bin(Base, table=True):
    __tablename__ = "bins"

    id: int | None = Field(default=None, sa_column=Column(Integer, Identity(), primary_key=True))
    rack_code: str = Field(sa_column=Column(ForeignKey("racks.code"), nullable=False))
    rack: Rack | None = Relationship(back_populates="bins")


class Shade(enum.Enum):
    LIGHT = "light"
    DARK = "dark"


class Tally(Base, table=True):
    __tablename__ = "tallies"

    id: int | None = Field(default=None, primary_key=True)
    count: int
    shade: Shade = Field(sa_column=Column(String(9), nullable=False))
    spans: list[dt.timedelta] = Field(sa_column=Column(ARRAY(Interval), nullable=False))
    days: list[dt.date] = Field(sa_column=Column(ARRAY(Date), nullable=False))
    include: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))


class Fee(Base, table=True):
    __tablename__ = "fees"

    rate: Decimal = Field(sa_column=Column(Numeric(5, 2), primary_key=True))
    kind: str = Field(primary_key=True)


Rack.model_rebuild()
SPACED = read_catalog(
    [
        Resource(Rack, includes=["bins"]),
        Resource(Bin, includes=["rack"]),
        Resource(Tally),
        Resource(Fee),
    ]
)
"""Keys that databases compare otherwise than Python, without trailing spaces; and fields that are
called like parameters."""

OWN = read_catalog(own.RESOURCES, caller=own.me)
"""Resources whose policies look at other rows, and at links."""

CATALOGS = {
    "": CATALOG,
    "json": JSON,
    "low": LIMITED,
    "guarded": GUARDED,
    "computed": read_catalog(COMPUTED),
    "depot": DEPOT,
    "spaced": SPACED,
    "own": OWN,
}


def catalog_of(name: str) -> tuple[Catalog, str]:
    """Return the catalog and the table that a test names: `json/things`, `low/users`, `users`."""
    place, _, table = name.rpartition("/")
    return CATALOGS[place], table


def query(text: str) -> list[Parameter]:
    """Parse a query that is written without encoding."""
    return parse_query(text.replace("+", "%2B").replace(" ", "%20").encode())


def told(condition: Condition) -> str:
    """Tell a condition without its values."""
    match condition:
        case Predicate():
            return f"{place(condition.field, condition.through)} {condition.operator}"
        case AllOf():
            return f"({' and '.join(map(told, condition.terms))})"
        case AnyOf():
            return f"({' or '.join(map(told, condition.terms))})"
        case Negation():
            return f"not {told(condition.term)}"
        case Search():
            return f"search {'|'.join(field.name for field in condition.fields)}"
        case ChildOf():
            return f"below {condition.parent.name}.{condition.relation.name}"
        case Measured():
            return f"column {condition.position} {condition.operator}"


def place(field: CatalogField, through: Through = ()) -> str:
    """Name a field with the relations that lead to it, and the type that a document is seen as."""
    name = ".".join((*(step.relation.name for step in through), field.name))
    return f"{name} as {field.view.value}" if isinstance(field, Part) else name


def ordered(order: Iterable[Order]) -> str:
    """Tell an order, with `+` before terms that nobody asked for."""
    return ",".join(
        ("" if term.asked else "+")
        + ("-" if term.descending else "")
        + place(term.field, term.through)
        for term in order
    )


def included(includes: Iterable[Include]) -> str:
    """Tell includes as a tree, as in `players(team)`."""
    return ",".join(
        f"{include.relation.name}({included(include.includes)})"
        if include.includes
        else include.relation.name
        for include in includes
    )


def shown(value: Any) -> str:
    """Tell a value with its type, since 1 equals True and 1.0."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dt.datetime) and (offset := value.utcoffset()) is not None:
        value = value.replace(tzinfo=dt.timezone(offset))
    return repr(value).replace("datetime.", "").replace("timezone.utc", "UTC")


def bound(values: Mapping[str, Any]) -> str:
    """Tell the parameters of a statement."""
    return "; ".join(f"{name}={shown(value)}" for name, value in values.items())


FACTS = re.compile(
    r"`[^`]*`|(?<![\w.:-])-?\d+(?![\w.:-])|each value|parentheses"
    r"|(?:it has|can name|one of|some of) \w+(?:, \w+)*"
)
"""What a message says of names, limits and choices, in whatever words."""


def refused(error: RequestError) -> list[str]:
    """Tell of each fault the place, the code and the facts in its message."""
    return [_fault(violation) for violation in error.violations]


def _fault(violation: Violation) -> str:
    where = violation.parameter if violation.pointer is None else violation.pointer
    at = "" if violation.position is None else f"@{violation.position}"
    return " ".join((f"{where}{at}", violation.code, *FACTS.findall(violation.message)))
