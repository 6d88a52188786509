"""Catalog as OpenAPI: the operations of resources, and the parts that they share."""

from .answers import describe_problems
from .components import Components
from .merging import add_operations, add_parts, drop_unused
from .operation import (
    Description,
    Success,
    compose_operation,
    name_operation,
)
from .place import Place
from .values import JSONSchema

__all__ = [
    "Components",
    "Description",
    "JSONSchema",
    "Place",
    "Success",
    "add_operations",
    "add_parts",
    "compose_operation",
    "describe_problems",
    "drop_unused",
    "name_operation",
]
