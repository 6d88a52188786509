"""Foreign keys in SQLite that no model declares, since SQLite never names the one that fired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlalchemy import Column, Integer, MetaData, Text
from sqlalchemy import Table as SQLTable
from sqlalchemy.types import TypeEngine

from ...catalog.constraints import Reference, find_sql_table, read_references
from ..finder import Finder

_KEYS = SQLTable(
    "pragma_foreign_key_list",
    MetaData(),
    Column("id", Integer),
    Column("table", Text),
    Column("from", Text),
    Column("to", Text),
    Column("arg", Text),
)
"""Table-valued PRAGMA with one row for each column of each foreign key of the table in `arg`."""

_Pairs = list[tuple[str, str, str | None]]
"""Parent table, referring column and referred column of a foreign key; None for the key."""


async def find_undeclared(table: SQLTable, finder: Finder) -> Sequence[Reference]:
    """Find the foreign keys of a table in SQLite that its model does not declare.

    Args:
        table: The table.
        finder: Reads them.

    Returns:
        The foreign keys, except those that refer to a key without naming its columns.
    """
    shown = (_KEYS.c.id, _KEYS.c.table, _KEYS.c["from"], _KEYS.c.to)
    keys: defaultdict[int, _Pairs] = defaultdict(list)
    for number, *pair in await finder.find(_KEYS, shown, (_KEYS.c.arg,), [(str(table.name),)]):
        keys[number].append((pair[0], pair[1], pair[2]))
    declared = {(r.parent.name, frozenset(r.columns)) for r in read_references([table])}
    found = (reference for pairs in keys.values() for reference in _to_reference(table, pairs))
    return [r for r in found if (r.parent.name, frozenset(r.columns)) not in declared]


def _to_reference(table: SQLTable, pairs: _Pairs) -> Iterator[Reference]:
    """Yield the foreign key of some columns, if the model has all of them."""
    own = {column.name.lower(): column for column in table.columns}
    columns = tuple(own[name.lower()] for _, name, _ in pairs if name.lower() in own)
    names = tuple(name for _, _, name in pairs if name is not None)
    if len(columns) == len(names) == len(pairs):
        types = tuple(column.type for column in columns)
        parent = find_sql_table(table.metadata, pairs[0][0], None)
        if parent is None or not set(names) <= set(parent.columns.keys()):
            parent = _make_table(pairs[0][0], names, types)
        referred = tuple(parent.columns[name] for name in names)
        yield Reference(None, table, columns, parent, referred, "", "")


@lru_cache(maxsize=64)
def _make_table(
    name: str, columns: tuple[str, ...], types: tuple[TypeEngine[object], ...]
) -> SQLTable:
    """Return a table that no model has, as far as it is known.

    It is cached, so that what was written of it before is recognized by identity.
    """
    made = (Column(column, type_) for column, type_ in zip(columns, types, strict=True))
    return SQLTable(name, MetaData(), *made)
