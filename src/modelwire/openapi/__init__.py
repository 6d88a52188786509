"""Catalog as OpenAPI: the parameters, the schemas and the answers of each operation."""

from .parameters import (
    include_parameters,
    key_parameters,
    list_parameters,
    query_body,
    read_parameters,
    stream_parameters,
)
from .schemas import (
    PROBLEM,
    bulk_schema,
    error_responses,
    page_schema,
    shown_schema,
    stored_schema,
)

__all__ = [
    "PROBLEM",
    "bulk_schema",
    "error_responses",
    "include_parameters",
    "key_parameters",
    "list_parameters",
    "page_schema",
    "query_body",
    "read_parameters",
    "shown_schema",
    "stored_schema",
    "stream_parameters",
]
