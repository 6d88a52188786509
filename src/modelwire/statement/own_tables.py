"""The tables of modelwire itself, apart from those of the models."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import MetaData, Table, text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement
from sqlalchemy.sql.base import Executable

OWN = MetaData()
"""The tables. Before each is used, its existence is checked by name: a statement that failed would
abort its transaction."""


def build_creation(own: Table, dialect: Dialect) -> Sequence[Executable]:
    """Create one of modelwire's own tables and its indexes."""
    elements: list[ExecutableDDLElement] = [CreateTable(own, if_not_exists=True)]
    indexes = sorted(own.indexes, key=lambda index: str(index.name))
    elements += [CreateIndex(index, if_not_exists=True) for index in indexes]
    return [text(str(element.compile(dialect=dialect))) for element in elements]
