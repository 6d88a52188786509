"""Rows as JSON, through the read schemas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Optional

from pydantic import BaseModel, TypeAdapter, create_model

from ..catalog import Table
from ..plan.shapes import Include
from .tree import Branch, Row


class RowEncoder:
    """Writes the rows of one table with what they include.

    Args:
        table: The table.
        includes: The includes.
    """

    def __init__(self, table: Table, includes: Sequence[Include]) -> None:
        self._table = table
        self._children = {
            include.relation.name: encoder_of(include.target, include.includes)
            for include in includes
        }
        self.schema = _schema_of(table, includes)
        self._derived = table.resource.read_schema is None
        self._keys = [(f.key, i) for f, i in table.positions.items() if f.readable]
        self._one = TypeAdapter(self.schema)
        self._many = TypeAdapter(list[self.schema])  # type: ignore[name-defined]

    def encode_one(self, row: Row, branches: Sequence[Branch] = ()) -> bytes:
        """Write one row as a JSON object."""
        return self._one.dump_json(self._build([row], branches)[0], by_alias=True)

    def encode_many(self, rows: Sequence[Row], branches: Sequence[Branch] = ()) -> bytes:
        """Write rows as a JSON array."""
        return self._many.dump_json(self._build(rows, branches), by_alias=True)

    def encode_each(self, rows: Sequence[Row], branches: Sequence[Branch] = ()) -> list[bytes]:
        """Write each row as a JSON object of its own."""
        return [self._one.dump_json(row, by_alias=True) for row in self._build(rows, branches)]

    def _build(self, rows: Sequence[Row], branches: Sequence[Branch]) -> list[BaseModel]:
        values = [{key: row[i] for key, i in self._keys} for row in rows]
        for branch in branches:
            self._attach(branch, rows, values)
        if self._derived:
            # The values come from the columns themselves: there is nothing to validate.
            return [self.schema.model_construct(**value) for value in values]
        return [self.schema.model_validate(value, by_name=True, by_alias=True) for value in values]

    def _attach(
        self, branch: Branch, rows: Sequence[Row], values: Sequence[dict[str, Any]]
    ) -> None:
        relation = branch.include.relation
        children = self._children[relation.name]._build(branch.rows, branch.branches)
        by_owner: defaultdict[tuple[Any, ...], list[BaseModel]] = defaultdict(list)
        for owner, child in zip(branch.owners, children, strict=True):
            by_owner[owner].append(child)
        positions = [self._table.position_of_column[column.name] for column in relation.local]
        for row, value in zip(rows, values, strict=True):
            found = by_owner.get(tuple(row[i] for i in positions), [])
            value[relation.name] = found if relation.many else (found[0] if found else None)


@lru_cache(maxsize=512)
def encoder_of(table: Table, includes: tuple[Include, ...] = ()) -> RowEncoder:
    """The encoder of a table's rows with given includes; made once for each shape."""
    return RowEncoder(table, includes)


def _schema_of(table: Table, includes: Sequence[Include]) -> type[BaseModel]:
    base = table.schemas.read
    if not includes:
        return base
    fields: dict[str, Any] = {}
    for include in includes:
        child = _schema_of(include.target, include.includes)
        many = include.relation.many
        fields[include.relation.name] = (list[child] if many else Optional[child], ...)  # type: ignore[valid-type]
    return create_model(base.__name__, __base__=base, **fields)
