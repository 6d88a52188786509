"""Private parts of Pydantic: the decorators of a class, and the schema of its core.

Tried with 2.12.0 to 2.14.3. `__pydantic_decorators__`, `__pydantic_complete__`,
`__pydantic_core_schema__`, `__pydantic_validator__`, `__pydantic_fields__` and `__class_vars__` are
documented as attributes, but not what is in the first; nor which names a `ConfigDict` may have,
which function prepares private attributes, the modules of the function that hides a secret and of
the one that holds a bound, how a serializer is told to go by its schema alone, or the text of its
error for a function that fails. That a model may have `__get_pydantic_core_schema__` of its own is
documented, and advised against.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import new_class
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticSerializationError, SchemaSerializer

CONFIG_KEYS = frozenset(ConfigDict.__annotations__)
"""Names that the configuration of a model may have; SQLModel's has more."""

GOES_BY_SCHEMA = "_use_prebuilt" in (SchemaSerializer.__text_signature__ or "")
"""Whether a serializer can be told to go by its schema alone."""

_PREPARES = "init_private_attributes"

_CALL = re.compile(r"Error calling function `([^`]+)`: (\w+)")


def decorators_of(model: type[BaseModel]) -> Any:
    """Return the decorators of a model and its bases, with their functions, by name.

    They are validators, serializers and computed fields.
    """
    return model.__pydantic_decorators__


def is_complete(model: type[BaseModel]) -> bool:
    """Whether all names in the annotations of a model could be resolved."""
    return bool(model.__pydantic_complete__)


def core_schema_of(model: type[BaseModel]) -> Any:
    """Return the schema by which Pydantic's core runs a model (pydantic_core.core_schema)."""
    return model.__pydantic_core_schema__


def change_core_schema(model: type[BaseModel], change: Callable[[Any], Any]) -> type[BaseModel]:
    """Return the same model with a changed schema for Pydantic's core.

    A model that builds its schema itself stays as it is.

    Args:
        model: The model.
        change: Returns a new schema; it must not change the one that it is given.
    """
    if _hook_of(model) is not _hook_of(BaseModel):
        return model

    def build(_cls: type[BaseModel], source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        built = handler(source)
        # A model that is referred to, even by itself, comes as a reference.
        changed: CoreSchema = change(handler.resolve_ref_schema(built))
        return changed

    body = {"__get_pydantic_core_schema__": classmethod(build), "__module__": model.__module__}
    return new_class(model.__name__, (model,), exec_body=lambda made: made.update(body))


def serializer_of(schema: CoreSchema) -> SchemaSerializer:
    """Return a serializer that goes by a core schema instead of those of its classes.

    By default, Pydantic's core takes the serializer that each class has built. Before Pydantic 2.13
    that can't be changed; changes in the schema have no effect there.
    """
    alone = (False,) if GOES_BY_SCHEMA else ()
    return SchemaSerializer(schema, None, *alone)


def find_failed(error: PydanticSerializationError) -> tuple[str, str] | None:
    """Find the function of a model that failed to serialise a row, and the class of its error.

    The text of the error itself may quote a value.
    """
    found = _CALL.search(str(error))
    return None if found is None else (found[1], found[2])


def is_bound(schema: Mapping[str, Any]) -> bool:
    """Whether a part of a core schema only applies a bound, such as a length, to its type.

    That is so where the type has no bounds itself, such as `EmailStr`.
    """
    check = schema.get("function")
    function = check.get("function") if isinstance(check, dict) else None
    home = getattr(function.func, "__module__", "") if isinstance(function, partial) else ""
    return home == "pydantic._internal._validators"


def _hook_of(model: type[BaseModel]) -> Any:
    return getattr(model.__get_pydantic_core_schema__, "__func__", None)


def validate_into(row: BaseModel, values: Mapping[str, Any]) -> None:
    """Validate values by the model of an instance, and set them on it.

    Args:
        row: The instance, not yet initialised.
        values: The values, by name or alias.
    """
    type(row).__pydantic_validator__.validate_python(
        values, by_name=True, by_alias=True, self_instance=row
    )


def class_variables_of(model: type[BaseModel]) -> Iterable[str]:
    """Return the names that a model declares as class variables."""
    return getattr(model, "__class_vars__", ())


def declared_fields_of(cls: type) -> Mapping[str, FieldInfo] | None:
    """Return the fields of a model or of a Pydantic dataclass; None for other classes.

    Pydantic documents `model_fields`, which dataclasses don't have.
    """
    return getattr(cls, "__pydantic_fields__", None)


def prepares_attributes(post_init: Any) -> bool:
    """Whether a `model_post_init` is the one by which Pydantic sets up private attributes."""
    return bool(post_init.__name__ == _PREPARES)


def is_of_types(function: object) -> bool:
    """Whether a function is defined in the module of Pydantic's secret types."""
    return getattr(function, "__module__", "") == SecretStr.__module__
