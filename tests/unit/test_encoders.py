"""Both encoders write the same bytes, for every type of column and for includes."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from modelwire.catalog.field import Field
from modelwire.catalog.kinds import Kind
from modelwire.catalog.read import read_catalog
from modelwire.catalog.tables import Table
from modelwire.encode.encoder import encoder_of
from modelwire.encode.schemas import SchemaEncoder
from modelwire.encode.structs import StructEncoder
from modelwire.encode.tree import Branch
from modelwire.resource import Resource
from modelwire.shape.parts import Include
from tests import zoo
from tests.conftest import LEAGUE, ZOO

CATALOG = read_catalog([*LEAGUE, *ZOO])

_text = st.text(st.characters(exclude_categories=["Cs"]))
_int64 = st.integers(-(2**63), 2**63 - 1)
_json = st.recursive(
    st.none() | st.booleans() | st.floats() | _int64 | _text | st.just(2**70),
    lambda inner: st.lists(inner) | st.dictionaries(_text, inner),
    max_leaves=5,
)
_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.INTEGER: _int64,
    Kind.FLOAT: st.floats(),
    Kind.DECIMAL: st.decimals(allow_nan=False, allow_infinity=False),
    Kind.BOOLEAN: st.booleans(),
    Kind.TEXT: _text,
    Kind.UUID: st.uuids(),
    Kind.ENUM: st.sampled_from(zoo.Color),
    Kind.DATETIME: st.datetimes(timezones=st.just(UTC)) | st.datetimes(),
    Kind.DATE: st.dates(),
    Kind.TIME: st.times(),
    Kind.INTERVAL: st.timedeltas(),
    Kind.JSON: _json,
}


def values_of(field: Field) -> st.SearchStrategy[Any]:
    strategy = _VALUES[field.kind]
    return st.none() | strategy if field.nullable else strategy


def rows_of(table: Table) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(*(values_of(field) for field in table.selected))


def both(
    table: Table,
    includes: tuple[Include, ...],
    rows: Sequence[Any],
    branches: Sequence[Branch] = (),
) -> None:
    """Compare what the two encoders write, in each of their forms."""
    fast, slow = StructEncoder(table, includes), SchemaEncoder(table, includes)
    assert fast.encode_many(rows, branches) == slow.encode_many(rows, branches)
    assert fast.encode_lines(rows, branches) == slow.encode_lines(rows, branches)
    if rows:
        assert fast.encode_one(rows[0], branches) == slow.encode_one(rows[0], branches)


@settings(max_examples=300)
@given(rows=st.lists(rows_of(CATALOG.tables["things"]), max_size=3))
def test_every_type_of_column(rows: list[tuple[Any, ...]]) -> None:
    """Structs write each type of column as the read schema does."""
    both(CATALOG.tables["things"], (), rows)


@settings(max_examples=100)
@given(data=st.data())
def test_nested_includes(data: st.DataObject) -> None:
    """Structs write rows within rows as the read schemas do, to-many and to-one."""
    authors, books = CATALOG.tables["authors"], CATALOG.tables["books"]
    chapters = CATALOG.tables["chapters"]
    inner = Include(books.relations["chapters"], chapters)
    outer = Include(authors.relations["books"], books, (inner,))
    keys = st.integers(1, 3)
    parents = [(key, data.draw(_text)) for key in data.draw(st.lists(keys, unique=True))]
    children = [
        (number, data.draw(_text), data.draw(keys))
        for number in range(data.draw(st.integers(0, 4)))
    ]
    leaves = [(1, data.draw(_text), number) for number in range(data.draw(st.integers(0, 3)))]
    leaf = Branch(inner, [(row[2],) for row in leaves], leaves)
    branch = Branch(outer, [(row[2],) for row in children], children, [leaf])
    both(authors, (outer,), parents, [branch])
    back = Include(books.relations["author"], authors)
    both(books, (back,), children, [Branch(back, [(p[0],) for p in parents], parents)])


def test_plain_resources_take_the_fast_encoder() -> None:
    """A resource with a derived schema of known types is written by structs."""
    assert isinstance(encoder_of(CATALOG.tables["things"]), StructEncoder)


def test_own_read_schema_is_written_by_pydantic() -> None:
    """A resource with a read schema of the user's own is written by that schema."""

    class CountryName(SQLModel):
        name: str

    catalog = read_catalog([Resource(zoo.Country, read_schema=CountryName)])
    encoder = encoder_of(catalog.tables["countries"])
    assert isinstance(encoder, SchemaEncoder)
