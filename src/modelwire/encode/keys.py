"""Keys of rows as JSON, as bodies have them."""

from __future__ import annotations

import msgspec

from ..catalog.tables import Table
from ..memory import kept
from ..plan.keys import quote_key
from ..shape.parts import Projection
from .schemas import SchemaEncoder
from .structs import StructEncoder
from .tree import Row

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class KeyEncoder:
    """Writes the keys of rows: a value, or of several values the text of a path.

    What shows a key as something else has to see the whole row. Otherwise no read schema is asked,
    since it may refuse a row that is gone.

    Args:
        table: The table.
        read: What is read of each row.
    """

    def __init__(self, table: Table, read: Projection) -> None:
        self._key = table.key
        is_masked = any(field.key in table.masked for field in table.key)
        others = [field for field in read.fields if is_masked and field not in table.key]
        first = Projection((*table.key, *others), len(table.key))
        self._positions = [read.positions[field] for field in first.fields]
        self._encoder = (SchemaEncoder if is_masked else StructEncoder)(table, (), first)

    def encode(self, row: Row) -> bytes:
        """Write the key of a row."""
        values = [row[position] for position in self._positions]
        if len(self._key) > 1:
            return msgspec.json.encode(quote_key(values[: len(self._key)], self._key))
        (written,) = _members.decode(self._encoder.encode_one(values)).values()
        return bytes(written)


@kept
def key_encoder_of(table: Table, read: Projection) -> KeyEncoder:
    """The encoder of a table's keys; made once for each way in which its rows are read."""
    return KeyEncoder(table, read)
