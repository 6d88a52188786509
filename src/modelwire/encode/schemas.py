"""Rows as JSON through the read schemas: everything that Pydantic can serialize."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Optional

from pydantic import BaseModel, TypeAdapter, ValidationError, create_model
from pydantic import Field as PydanticField
from pydantic_core import PydanticSerializationError

from ..catalog.binary import write_bytes
from ..catalog.codecs import Convert
from ..catalog.invalid_values import Unreadable
from ..catalog.kinds import TIMES, Kind
from ..catalog.names import join_words, names_shown, to_words
from ..catalog.reading.masks import masks_within
from ..catalog.reading.shown import leave_out_relations, validate_shown
from ..catalog.set_order import find_ordering
from ..catalog.tables import Table
from ..compat.pydantic import decorators_of, find_failed
from ..errors import InvalidRow
from ..shape.parts import Include, Projection, whole_row
from .fallback import fall_back, show
from .parts import cut_row, trees_of
from .tree import Branch, Row, attach, owner_positions


class SchemaEncoder:
    """Encoder of the rows of one table with their includes.

    Args:
        table: The table.
        includes: The includes.
        read: The columns that are read and shown; the whole row by default.
        schema: The schema of a row; the table's read schema by default.
    """

    def __init__(
        self,
        table: Table,
        includes: Sequence[Include],
        read: Projection | None = None,
        schema: type[BaseModel] | None = None,
    ) -> None:
        self._table = table
        whole = read or whole_row(table)
        base = schema or table.schemas.read
        self._children = {
            i.relation.key: (owner_positions(table, whole, i), _encoder_below(base, table, i))
            for i in includes
        }
        self.schema = _with_includes(base, includes, [c for _, c in self._children.values()])
        self._derived = schema is None and table.resource.read_schema is None
        shown = base.model_fields
        # A computed field may use any column; a relation's own schema may not.
        hidden = {f for f in table.fields if not f.readable} if schema is not None else ()
        known = [
            (field, position)
            for field, position in whole.positions.items()
            if field.key in shown and field not in hidden
        ]
        self._keys = [(field.key, position) for field, position in known]
        found = ((field.key, show(field)) for field, _ in known)
        self._converts = [(key, convert) for key, convert in found if convert is not None]
        # None shows computed fields of Pydantic as well, which have no column.
        self._shown = None if read is None else self._shown_keys(read)
        self._trees = trees_of(whole.parts)
        named = names_shown(self.schema)
        shown_keys = named if self._shown is None else self._shown
        self.names: Sequence[str] = [named[key] for key in shown_keys]
        times = {field.key for field in table.fields if field.kind in TIMES}
        self.times: Collection[str] = [named[key] for key in shown_keys if key in times]
        self._serializer = find_ordering(self.schema) or TypeAdapter(self.schema).serializer
        self._masked = _masked_documents(table) if self._derived else {}

    def encode_one(self, row: Row, branches: Sequence[Branch] = ()) -> bytes:
        """Write one row as a JSON object."""
        return self._encode_each([row], branches)[0]

    def encode_many(self, rows: Sequence[Row], branches: Sequence[Branch] = ()) -> bytes:
        """Write rows as a JSON array."""
        return b"[" + b",".join(self._encode_each(rows, branches)) + b"]"

    def encode_lines(self, rows: Sequence[Row], branches: Sequence[Branch] = ()) -> bytes:
        """Write each row as a JSON object on its own line."""
        return b"".join(line + b"\n" for line in self._encode_each(rows, branches))

    def _encode_each(self, rows: Sequence[Row], branches: Sequence[Branch]) -> list[bytes]:
        built = self._build(rows, branches)
        try:
            return [self._dump(row) for row in built]
        except PydanticSerializationError:
            # Pydantic serializes bytes as UTF-8, but these are not UTF-8.
            again = self._build(rows, branches, write_bytes)
        try:
            return [self._dump(row) for row in again]
        except PydanticSerializationError as exc:
            # Pydantic's message may quote values.
            raise InvalidRow(*_describe_unwritten(self._table, exc)) from None

    def _dump(self, row: BaseModel) -> bytes:
        # A column may hold a value of another type than its annotation, such as a URL as text.
        written = self._serializer.to_json(
            row, include=self._shown, by_alias=True, warnings=False, fallback=fall_back
        )
        return cut_row(written, self._trees) if self._trees else written

    def _shown_keys(self, read: Projection) -> dict[str, Any]:
        return dict.fromkeys([*(f.key for f in read.shown_fields), *self._children], True)

    def _build(
        self, rows: Sequence[Row], branches: Sequence[Branch], convert: Convert | None = None
    ) -> list[BaseModel]:
        values = [self._values_of(row) for row in rows]
        if convert is not None:
            values = [{key: convert(value) for key, value in row.items()} for row in values]
        for branch in branches:
            name = branch.include.relation.key
            owners, encoder = self._children[name]
            children = encoder._build(branch.rows, branch.branches, convert)
            attached = attach(owners, branch, rows, children)
            for value, child in zip(values, attached, strict=True):
                value[name] = child
        if self._derived:
            # The values come from the columns: there is nothing to validate.
            return [self.schema.model_construct(**value) for value in values]
        return [self._validate(value) for value in values]

    def _values_of(self, row: Row) -> dict[str, Any]:
        values = {key: row[i] for key, i in self._keys}
        for key, convert in self._converts:
            if values[key] is not None:
                values[key] = convert(values[key])
        for key in values.keys() & self._masked.keys() if self._masked else ():
            values[key] = _restore(self._masked[key], values[key])
        return values

    def _validate(self, value: dict[str, Any]) -> BaseModel:
        try:
            return validate_shown(self.schema, value)
        except ValidationError as exc:
            if not any(isinstance(item, Unreadable) for item in value.values()):
                # Pydantic's message quotes values.
                raise InvalidRow(*_describe_refused(self._table, self.schema, exc)) from None
        # A row with an unreadable value can't be valid, but is shown all the same.
        return self.schema.model_construct(**value)


def _describe_refused(
    table: Table, schema: type[BaseModel], error: ValidationError
) -> tuple[str, str]:
    """Say which fields of a row a schema refuses, to the client and in the log."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    codes = {str(f["loc"][0]) if f["loc"] else "": f["type"] for f in reversed(faults)}
    named = names_shown(schema)
    fields = [to_words(named.get(key, key)) for key in reversed(codes) if key]
    refused = f"refuses {join_words(fields)}" if fields else "refuses it"
    told = ", ".join(f"{key or 'the row'} ({code})" for key, code in reversed(codes.items()))
    return (
        f"{table.title} can't be shown as it is stored: its read schema {refused}",
        f"{schema.__name__} refuses a stored row of {table.sql.fullname}: {told}",
    )


def _describe_unwritten(table: Table, error: PydanticSerializationError) -> tuple[str, str]:
    failed = find_failed(error)
    told = "" if failed is None else f": {failed[0]} ({failed[1]})"
    return (
        f"{table.title} can't be shown as it is stored: its read schema can't write it",
        f"{table.schemas.read.__name__} can't write a stored row of {table.sql.fullname}{told}",
    )


def _masked_documents(table: Table) -> dict[str, TypeAdapter[Any]]:
    """Return the JSON fields whose types have serializers of their own.

    A serializer inside a document runs for a value of its type. One for the whole field takes the
    document as stored.
    """
    decorators = decorators_of(table.schemas.read).field_serializers.values()
    whole = {name for d in decorators if d.info.mode == "plain" for name in d.info.fields}
    return {
        field.key: TypeAdapter(field.annotation)
        for field in table.fields
        if field.kind is Kind.JSON and field.key in table.masked - whole
        if "*" not in whole and masks_within(field.annotation)
    }


def _restore(adapter: TypeAdapter[Any], value: object) -> object:
    """Return a document as a value of its type; None if invalid, since nothing could mask it."""
    try:
        return None if value is None else adapter.validate_python(value)
    except ValidationError:
        return None


def _encoder_below(schema: type[BaseModel], table: Table, include: Include) -> SchemaEncoder:
    """Return the encoder of an include's rows: by the parent schema's own, where it has one."""
    related = table.schemas.related if schema is table.schemas.read else {}
    own = related.get(include.relation.key)
    if own is not None:
        own = leave_out_relations(own, [r.key for r in include.target.relations.values()])
    return SchemaEncoder(include.target, include.includes, schema=own)


def _with_includes(
    base: type[BaseModel], includes: Sequence[Include], children: Sequence[SchemaEncoder]
) -> type[BaseModel]:
    if not includes:
        return base
    fields: dict[str, Any] = {}
    for include, encoder in zip(includes, children, strict=True):
        child = encoder.schema
        relation = include.relation
        rows: Any = list[child] if relation.many else Optional[child]  # type: ignore[valid-type]
        fields[relation.key] = (rows, PydanticField(serialization_alias=relation.name))
    return create_model(base.__name__, __base__=base, **fields)
