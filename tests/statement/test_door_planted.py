"""A builder of SQL that goes past the one door to rows is found."""

from typing import Any

import pytest
from sqlalchemy.dialects.postgresql.asyncpg import dialect as postgresql
from sqlalchemy.engine import Dialect

from modelwire.statement import aggregate, conditions, keyset, write
from modelwire.statement import select as selects

from .door import Door, find_bypasses, written


def has_bypass(monkeypatch: pytest.MonkeyPatch, dialect: Dialect) -> bool:
    found = written(monkeypatch, dialect)
    return any(find_bypasses(text, door.targets) for _, text, door in found)


def bare_rows(table: Any, dialect: Any, *, given: bool = False) -> Any:
    """Rows without a mark."""
    return dialect.given_rows(table.sql).subquery() if given else table.sql


PLANTED = [
    (aggregate, "rows_of", bare_rows),
    (conditions, "rows_of", bare_rows),
    (conditions, "links_of", lambda relation, _: relation.link),
    (keyset, "rows_of", bare_rows),
    (selects, "rows_of", bare_rows),
    (selects, "links_of", lambda relation, _: relation.link),
    (write, "rows_of", bare_rows),
    (write, "every_row_of", lambda table: getattr(table, "sql", table)),
    (write, "stored_rows_of", lambda table, _: table.sql),
    (selects, "column_in", lambda _source, column: column),
    (selects, "columns_in", lambda _source, columns: list(columns)),
    (selects, "column_of", lambda _source, field: field.column),
    (conditions, "columns_in", lambda _source, columns: list(columns)),
    (write, "columns_in", lambda _source, columns: list(columns)),
    (write, "update_in", lambda table, _: table.sql.update()),
    (write, "delete_any_from", lambda table: table.delete()),
]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: f"{p[0].__name__}.{p[1]}")
def test_a_bypass_is_found(monkeypatch: pytest.MonkeyPatch, planted: tuple[Any, str, Any]) -> None:
    """Whichever builder goes past the door, or names a column of a table and not of its rows."""
    install = Door.install

    def install_with_hole(door: Door, patch: pytest.MonkeyPatch) -> None:
        install(door, patch)
        patch.setattr(*planted)

    monkeypatch.setattr(Door, "install", install_with_hole)
    with pytest.MonkeyPatch.context() as inner:
        assert has_bypass(inner, postgresql())
