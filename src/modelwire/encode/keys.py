"""Keys of rows as JSON, as in bodies."""

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
    """Encoder of the keys of rows: a value, or for a composite key its text as in a path.

    A key that a serializer masks is written from the whole row. Otherwise no read schema is
    involved, since it may refuse a row that has been deleted.

    Args:
        table: The table.
        read: The columns that are read of each row.
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
    """Return the encoder of a table's keys; made once for each projection."""
    return KeyEncoder(table, read)
