"""What exists: tables, fields, relations and constraints, read from SQLModel once."""

from .constraints import (
    cascades_in_circles,
    columns_in,
    find_sql_table,
    names_in,
    references_to,
)
from .guards import Guards
from .kinds import Kind
from .passed_over import describe_passed_over
from .read import read_catalog
from .relations import find_link_key, leads_back
from .tables import Access, Catalog, Field, Reference, Relation, Table

__all__ = [
    "Access",
    "Catalog",
    "Field",
    "Guards",
    "Kind",
    "Reference",
    "Relation",
    "Table",
    "cascades_in_circles",
    "columns_in",
    "describe_passed_over",
    "find_link_key",
    "find_sql_table",
    "leads_back",
    "names_in",
    "read_catalog",
    "references_to",
]
