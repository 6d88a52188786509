"""Bodies of requests, and what is stored of them."""

from __future__ import annotations

from typing import Any

from .asking import Asking, draw_key
from .model import Row
from .tables import MISSING, Column, Table


class Bodies(Asking):
    """Draws bodies."""

    async def draw_body(
        self,
        table: Table,
        without: tuple[Column, ...] = (),
        *,
        change: bool = False,
        alone: bool = False,
    ) -> Row:
        """Values for a row, or for some fields of one.

        Beside others a row names no key that counts itself: databases go on from it differently.
        """
        body: Row = {}
        existing: list[Row] = []
        if self.chance(0.5):
            existing = await self.rows_of(table)
        referenced: dict[str, Any] = {}
        for column in table.settable:
            counts = table.counts_itself and not alone
            if column in without or (column.is_key and (change or counts)):
                continue
            if (change or not column.is_required) and self.chance(0.6 if change else 0.4):
                continue
            if column.reference:
                body[column.wire] = await self.draw_reference(column, referenced)
            else:
                body[column.wire] = self.draw_value(table, column, existing)
        return body

    def draw_value(self, table: Table, column: Column, existing: list[Row]) -> Any:
        """A value for a column, now and then one that is there already."""
        if column.nullable and self.chance(0.15):
            return None
        if (column.is_unique or column.is_key) and existing and self.chance(0.1):
            taken = self.draw.choice(existing).get(column.wire)
            if taken is not None:
                return taken
        value = draw_key(column, self.draw) if column.is_key else column.kind.draw(self.draw)
        return abs(value) % 1000 + 1 if column.is_key and table.counts_itself else value

    async def draw_reference(self, column: Column, referenced: dict[str, Any]) -> Any:
        assert column.reference is not None
        parent, key = column.reference
        if column.nullable and self.chance(0.3):
            return None
        if parent.class_name not in referenced:
            rows = await self.rows_of(parent)
            referenced[parent.class_name] = self.draw.choice(rows) if rows else None
        row = referenced[parent.class_name]
        if row is None or self.chance(0.04):
            return draw_key(key, self.draw)
        return row[key.wire]

    def written(self, table: Table, body: Row, answer: Row, before: Row | None = None) -> None:
        """Check that a row is as it was written, and else as it was."""
        for column in table.columns:
            if column.wire not in answer:
                continue
            if column.wire in body and column.is_settable:
                value = body[column.wire]
                if column.is_lowered and value is not None:
                    value = value.lower()
                if before is not None and isinstance(value, dict):
                    continue  # which is merged into what was stored
                self.same(answer[column.wire], value, f"{column.wire} is not what was written")
            elif before is None and column.default is not MISSING and column.is_settable:
                self.same(answer[column.wire], column.default, f"{column.wire} is not its default")
            elif before is not None and column.is_settable and column.wire in before:
                self.same(
                    answer[column.wire], before[column.wire], f"{column.wire} was not written"
                )

    def is_constrained(self, table: Table, column: Column) -> bool:
        """Whether what the model refuses is refused: schemas of the user's own may take it."""
        return table.style != "own" or column.kind_name not in (
            "pattern",
            "bounded",
            "constrained",
            "positive",
            "decimal",
            "numeric",
        )

    def counted(self, table: Table) -> tuple[str, ...]:
        """Return the fields that refused rows change: PostgreSQL has counted for them."""
        wires = [t.key[0].wire for t in self.world.schema.tables if t.counts_itself]
        return (*wires, "location", "etag", "label") if table.counts_itself else ()
