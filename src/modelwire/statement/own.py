"""The tables that are modelwire's own, beside those of the models."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import MetaData, Table, text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement
from sqlalchemy.sql.base import Executable

OWN = MetaData()
"""The tables. Each is told by name whether it is there, before it is used: a statement that failed
would end the transaction that it is part of."""


def build_creation(own: Table, dialect: Dialect) -> Sequence[Executable]:
    """Write a table of modelwire's own and its indexes."""
    elements: list[ExecutableDDLElement] = [CreateTable(own, if_not_exists=True)]
    elements += [CreateIndex(index, if_not_exists=True) for index in own.indexes]
    return [text(str(element.compile(dialect=dialect))) for element in elements]
