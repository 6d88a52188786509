"""Catalog as OpenAPI: the parameters, the schemas and the answers of each operation."""

from .headers import conditional_headers, idempotency_header, mass_header
from .parameters import (
    filter_parameters,
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
    bulk_update_schema,
    child_schema,
    create_schema,
    error_responses,
    keys_schema,
    page_schema,
    shown_schema,
    stored_schema,
    update_schema,
)

__all__ = [
    "PROBLEM",
    "bulk_schema",
    "bulk_update_schema",
    "child_schema",
    "conditional_headers",
    "create_schema",
    "error_responses",
    "filter_parameters",
    "idempotency_header",
    "include_parameters",
    "key_parameters",
    "keys_schema",
    "list_parameters",
    "mass_header",
    "page_schema",
    "query_body",
    "read_parameters",
    "shown_schema",
    "stored_schema",
    "stream_parameters",
    "update_schema",
]
