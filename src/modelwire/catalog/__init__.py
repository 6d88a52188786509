"""What exists: tables, fields, relations and constraints, read from SQLModel once."""

from .kinds import Kind
from .read import columns_in, read_catalog, references_to
from .tables import Catalog, Field, Reference, Relation, Table

__all__ = [
    "Catalog",
    "Field",
    "Kind",
    "Reference",
    "Relation",
    "Table",
    "columns_in",
    "read_catalog",
    "references_to",
]
