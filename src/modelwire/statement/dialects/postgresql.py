"""PostgreSQL: lists are arrays, and columns have their declared types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BindParameter,
    ColumnElement,
    Double,
    LargeBinary,
    Numeric,
    Select,
    Table,
    Text,
    Time,
    any_,
    bindparam,
    case,
    cast,
    column,
    extract,
    func,
    literal_column,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, HSTORE, JSONB, MONEY, insert
from sqlalchemy.types import NullType, TypeEngine

from ...catalog.domain import is_short_float
from ...catalog.kinds import has_offset, storage_type, type_on
from ..dialect import GivenValues, SQLDialect
from ..given_rows import IMAGES, PLACE, completed
from ..lists import GIVEN, ROWS
from ..reading import read_as
from ..stored_texts import Spell, SpelledList
from . import postgresql_documents as _documents  # noqa: F401 - it finds parts of documents
from .postgresql_reading import read_on_postgresql
from .postgresql_sums import POSTGRESQL_SUMS
from .postgresql_types import (
    PostgreSQLList,
    PostgreSQLRealOperand,
    PostgreSQLVector,
    postgresql_type,
)


def _given_values(types: Sequence[TypeEngine[Any]]) -> GivenValues:
    arrays = [_array(f"{ROWS}{i}", t) for i, t in enumerate(types)]
    names = [f"c{i}" for i in range(len(types))]
    values = func.unnest(*arrays).table_valued(*names, with_ordinality="position")
    given = values.render_derived(name=GIVEN)
    return given, [given.c[name] for name in names], given.c.position


def _array(name: str, item: TypeEngine[Any]) -> ColumnElement[Any]:
    """Write a parameter that holds an array; as a text where that is cheaper."""
    array = ARRAY(item, dimensions=1)
    if not PostgreSQLList.can_hold(item):
        return bindparam(name, type_=array)
    return cast(bindparam(name, type_=PostgreSQLList(item)), array)


def _in_list(
    column: ColumnElement[Any], name: str, item: TypeEngine[Any], spell: Spell | None
) -> ColumnElement[bool]:
    array = ARRAY(item, dimensions=1) if spell is None else SpelledList(item, spell)
    found: ColumnElement[bool] = _normalize(item, column) == any_(bindparam(name, type_=array))
    return found


def _normalize(sql_type: TypeEngine[Any], column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Normalise the spelling of a column: times with an offset are converted to UTC."""
    if isinstance(storage_type(sql_type), Time) and has_offset(sql_type):
        return func.timezone(literal_column("'UTC'"), column, type_=column.type)
    if isinstance(storage_type(sql_type), MONEY):
        # SQLAlchemy does not say which operators compare it; NullType allows any.
        return type_coerce(column, NullType())
    return column


def _read_given(item: ColumnElement[Any], _sql_type: TypeEngine[Any]) -> ColumnElement[Any]:
    return item


def _float_operand(sql_type: TypeEngine[Any]) -> TypeEngine[Any]:
    return PostgreSQLRealOperand() if is_short_float(sql_type) else Double()


def _octets(name: str) -> ColumnElement[Any]:
    octets = bindparam(name, type_=LargeBinary())
    return func.convert_from(octets, literal_column("'SQL_ASCII'"))


def _as_stored(name: str, sql_type: TypeEngine[Any]) -> ColumnElement[Any]:
    return cast(bindparam(name, type_=Text()), sql_type)


def _like(column: ColumnElement[Any], pattern: BindParameter[str]) -> ColumnElement[bool]:
    return column.like(pattern, escape="\\")


def _is_there(own: Table) -> ColumnElement[bool]:
    there: ColumnElement[bool] = func.to_regclass(own.name).is_not(None)
    return there


def _write_key(
    values: Sequence[ColumnElement[Any]], types: Sequence[TypeEngine[Any]]
) -> ColumnElement[Any]:
    typed = [cast(value, sql_type) for value, sql_type in zip(values, types, strict=True)]
    return cast(func.json_build_array(*typed), Text())


def _given_rows(own: Table) -> Select[Any]:
    images = cast(bindparam(IMAGES, type_=Text()), JSON())
    elements = func.json_array_elements(images).table_valued("image", with_ordinality="place")
    given = elements.render_derived(name=GIVEN)
    # By the table: a PostgreSQL type may have the same name, such as `line`.
    alias = own.alias("modelwire_typed")
    whole: ColumnElement[Any] = literal_column("modelwire_typed")
    of_table = select(whole).select_from(alias).limit(0).scalar_subquery()
    named = [column(c.name, c.type) for c in own.columns]
    # A function in FROM may refer to preceding items.
    image = _spell_hstores(given.c.image, own)
    row = func.json_populate_record(of_table, image).table_valued(*named, name="modelwire_row")
    cells = [completed(c, row.c[c.name]).label(c.key) for c in own.columns]
    return select(*cells, (given.c.place - 1).label(PLACE)).select_from(given.join(row, true()))


def _spell_hstores(image: ColumnElement[Any], own: Table) -> ColumnElement[Any]:
    """Convert the `hstore` values of a row, which are objects in JSON, to the text that hstore
    reads."""
    names = [
        c.name for c in own.columns if isinstance(storage_type(type_on(c, "postgresql")), HSTORE)
    ]
    if not names:
        return image
    document: ColumnElement[Any] = cast(image, JSONB())
    row = document
    for name in names:
        # SQLAlchemy 2.0 writes `document[name]` without the parentheses that PostgreSQL requires
        # here.
        value = func.jsonb_extract_path(document, name)
        pairs = func.jsonb_each_text(value).table_valued("key", "value", name="modelwire_pairs")
        keys, values = func.array_agg(pairs.c.key), func.array_agg(pairs.c.value)
        whole = cast(func.coalesce(func.hstore(keys, values), cast("", HSTORE())), Text())
        spelled = select(func.jsonb_build_object(name, whole)).select_from(pairs)
        is_there = func.jsonb_typeof(value) == "object"
        nothing = func.jsonb_build_object()
        row = row.op("||")(case((is_there, spelled.scalar_subquery()), else_=nothing))
    return cast(row, JSON())


def _now_s() -> ColumnElement[Any]:
    return cast(extract("epoch", func.clock_timestamp()), Double())


POSTGRESQL = SQLDialect(
    name="postgresql",
    joins_includes=True,
    gathers_reads=True,
    estimates=True,
    max_digits=None,
    has_short_floats=True,
    nests_cascades=False,
    has_standbys=True,
    has_one_writer=False,
    defers_checks=True,
    locks_creation=True,
    names_foreign_keys=True,
    has_own_types=True,
    has_decimals=True,
    has_arrays=True,
    puts_null_last=True,
    refers_by_parent=False,
    limits_locks=True,
    first_place=1,
    insert=insert,
    given_values=_given_values,
    read_given=_read_given,
    in_list=_in_list,
    compared=_normalize,
    normalize=_normalize,
    wire_type=postgresql_type,
    vector_type=PostgreSQLVector,
    float_operand=_float_operand,
    decimal_operand=Numeric,
    read_leniently=read_on_postgresql,
    read_back=read_as,
    octets=_octets,
    as_stored=_as_stored,
    like=_like,
    to_pattern=None,
    is_there=_is_there,
    write_key=_write_key,
    given_rows=_given_rows,
    now_s=_now_s,
    sums=POSTGRESQL_SUMS,
)
