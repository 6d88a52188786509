"""What is private to Pydantic: what a class has gathered, and the schema that its core runs by.

Tried with 2.11.0 to 2.14.3. `__pydantic_decorators__`, `__pydantic_complete__`,
`__pydantic_core_schema__`, `__pydantic_validator__` and `__class_vars__` of a model are documented
as attributes, but not what is in the first; nor which names a `ConfigDict` may have, which function
prepares private attributes, in which modules that is which hides a secret, and which holds a
bound, how a serializer is told to go by its schema alone, and what it says of a function that
fails. That a model may have `__get_pydantic_core_schema__` of its own is documented, and advised
against.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import new_class
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, PydanticSerializationError, SchemaSerializer

CONFIG_KEYS = frozenset(ConfigDict.__annotations__)
"""The names that the configuration of a model may have; SQLModel has more in it."""

GOES_BY_SCHEMA = "_use_prebuilt" in (SchemaSerializer.__text_signature__ or "")
"""Whether a serializer can be told to go by its schema alone."""

_PREPARES = "init_private_attributes"

_CALL = re.compile(r"Error calling function `([^`]+)`: (\w+)")


def decorators_of(model: type[BaseModel]) -> Any:
    """What a model and those that it inherits from decorate: validators, serializers and computed
    fields, each by its name with its function and what it was decorated with."""
    return model.__pydantic_decorators__


def is_complete(model: type[BaseModel]) -> bool:
    """Whether all names in the annotations of a model were there when they were looked for."""
    return bool(model.__pydantic_complete__)


def core_schema_of(model: type[BaseModel]) -> Any:
    """The schema that Pydantic's core runs by for a model (pydantic_core.core_schema)."""
    return model.__pydantic_core_schema__


def change_core_schema(model: type[BaseModel], change: Callable[[Any], Any]) -> type[BaseModel]:
    """The same model with a changed schema for Pydantic's core.

    A model that makes its schema in a way of its own stays as it is.

    Args:
        model: The model.
        change: Makes the schema anew, with the schemas in it; what it is given must stay as it is.
    """
    if _hook_of(model) is not _hook_of(BaseModel):
        return model

    def build(_cls: type[BaseModel], source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        built = handler(source)
        # A model that is referred to, be it by itself, comes as a reference.
        changed: CoreSchema = change(handler.resolve_ref_schema(built))
        return changed

    body = {"__get_pydantic_core_schema__": classmethod(build), "__module__": model.__module__}
    return new_class(model.__name__, (model,), exec_body=lambda made: made.update(body))


def serializer_of(schema: CoreSchema) -> SchemaSerializer:
    """What serializes by a core schema that is not the one of its classes.

    Without being told, Pydantic's core takes what each class has made of its own. Before Pydantic
    2.12 it can't be told; what is changed in the schema is passed over there.
    """
    alone = (False,) if GOES_BY_SCHEMA else ()
    return SchemaSerializer(schema, None, *alone)


def find_failed(error: PydanticSerializationError) -> tuple[str, str] | None:
    """Find the function of a model that failed while a row was written, and the class of its error.

    What the error says itself may quote a value.
    """
    found = _CALL.search(str(error))
    return None if found is None else (found[1], found[2])


def is_bound(schema: Mapping[str, Any]) -> bool:
    """Whether a part of a core schema does nothing but hold a bound, such as a length, for a type
    that has none itself, such as `EmailStr`."""
    check = schema.get("function")
    function = check.get("function") if isinstance(check, dict) else None
    home = getattr(function.func, "__module__", "") if isinstance(function, partial) else ""
    return home == "pydantic._internal._validators"


def _hook_of(model: type[BaseModel]) -> Any:
    return getattr(model.__get_pydantic_core_schema__, "__func__", None)


def validate_into(row: BaseModel, values: Mapping[str, Any]) -> None:
    """Validate values by the model of an instance, which becomes what they are.

    Args:
        row: The instance, which nothing has set up yet.
        values: The values, by names or by aliases.
    """
    type(row).__pydantic_validator__.validate_python(
        values, by_name=True, by_alias=True, self_instance=row
    )


def class_variables_of(model: type[BaseModel]) -> Iterable[str]:
    """The names that a model declares as variables of the class."""
    return getattr(model, "__class_vars__", ())


def prepares_attributes(post_init: Any) -> bool:
    """Whether a `model_post_init` is the one by which Pydantic sets private attributes up."""
    return bool(post_init.__name__ == _PREPARES)


def is_of_types(function: object) -> bool:
    """Whether a function stands beside Pydantic's types that hide what they hold."""
    return getattr(function, "__module__", "") == SecretStr.__module__
