"""Checks for fields whose values have no JSON Schema, run before a document is requested."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import JsonSchemaMode

from ...errors import ConfigurationError
from ..kinds import Kind
from ..tables import Table


def check_described(table: Table) -> None:
    """Check that the schemas of a resource can be described in the OpenAPI document.

    Args:
        table: The resource.

    Raises:
        ConfigurationError: A field has values that JSON does not have; the message names it.
    """
    declared, schemas = table.resource, table.schemas
    plain = not any(field.kind in (Kind.JSON, Kind.OTHER) for field in table.fields)
    modes: tuple[tuple[type[BaseModel], object, JsonSchemaMode], ...] = (
        (schemas.create, declared.create_schema, "validation"),
        (schemas.update, declared.update_schema, "validation"),
        (schemas.read, declared.read_schema, "serialization"),
    )
    for schema, own, mode in modes:
        if (own is not None or not plain) and not _is_described(schema, mode):
            owner = table.model if own is None else schema
            raise ConfigurationError(_describe(owner, schema, mode))


def _is_described(schema: type[BaseModel], mode: JsonSchemaMode) -> bool:
    try:
        schema.model_json_schema(mode=mode)
    except PydanticInvalidForJsonSchema:
        return False
    except PydanticUserError:
        return True  # it has a name that may be defined later
    return True


def _describe(owner: type[BaseModel], schema: type[BaseModel], mode: JsonSchemaMode) -> str:
    config = ConfigDict(arbitrary_types_allowed=True)
    fields: Iterable[tuple[str, Any]] = (
        (key, info.annotation) for key, info in schema.model_fields.items()
    )
    alone = ((key, create_model("Alone", __config__=config, x=(a, ...))) for key, a in fields)
    named = next((f".{key}" for key, model in alone if not _is_described(model, mode)), "")
    return (
        f"{owner.__name__}{named} is annotated with a class that JSON has no values for and "
        "that doesn't say how they are written. Annotate it with what is stored, such as "
        "dict[str, Any], list[str], or a Pydantic model; or give the class a "
        "__get_pydantic_core_schema__."
    )
