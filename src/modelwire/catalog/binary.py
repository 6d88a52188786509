"""Bytes as text: base64 (RFC 4648, section 4), unless a model is configured otherwise."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, NamedTuple, cast, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from .kinds import map_arguments
from .serializers import is_own_way

_SETTINGS = ("ser_json_bytes", "val_json_bytes")
"""Pydantic settings for how the bytes of a model are serialised and validated."""


def write_base64(value: bytes) -> str:
    """Write bytes as base64."""
    return base64.b64encode(value).decode()


def read_base64(text: str) -> bytes:
    """Decode base64, in either alphabet of RFC 4648, with or without padding.

    Raises:
        ValueError: The text is not base64.
    """
    letters = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        value = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except ValueError:  # includes binascii.Error
        raise ValueError("should be base64") from None
    if write_base64(value).rstrip("=") != letters:
        raise ValueError("should be base64, without bits after the last byte")
    return value


def write_bytes(value: Any) -> Any:
    """Encode bytes as base64; return any other value as it is."""
    return write_base64(value) if isinstance(value, bytes) else value


class Base64Text:
    """Annotation of `bytes` that are base64 in JSON."""

    is_plain = True

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(
            write_bytes, when_used="json-unless-none"
        )
        return core_schema.no_info_before_validator_function(
            read_text, handler(source), serialization=written
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "contentEncoding": "base64"}


def read_text(value: Any) -> Any:
    """Decode a text from base64; return any other value as it is."""
    return read_base64(value) if isinstance(value, str) else value


def says_itself(config: Mapping[str, Any]) -> bool:
    """Whether a model's configuration sets how bytes are serialised or validated."""
    return any(name in config for name in _SETTINGS)


class TextForm(NamedTuple):
    """Functions that write bytes as a text, and read them from one."""

    write: Callable[[bytes], str]
    read: Callable[[str], bytes]


def text_form(model: type[BaseModel], key: str, annotation: Any) -> TextForm:
    """Return the text form of the bytes of a field, as its model shows them, and so in URLs.

    Args:
        model: The model.
        key: The field's name.
        annotation: Its annotation, with base64 unless the model is configured otherwise.
    """
    if holds_base64(annotation):
        return TextForm(write_base64, read_base64)
    own = [metadata for metadata in model.model_fields[key].metadata if is_own_way(metadata)]
    config = {name: value for name, value in model.model_config.items() if name in _SETTINGS}
    adapter: TypeAdapter[Any] = TypeAdapter(
        Annotated[annotation, *own] if own else annotation, config=cast(ConfigDict, config)
    )
    return TextForm(partial(adapter.dump_python, mode="json"), adapter.validate_python)


def holds_base64(annotation: Any) -> bool:
    """Whether an annotation contains bytes that are base64 in JSON."""
    if get_origin(annotation) is Annotated and any(
        isinstance(metadata, Base64Text) for metadata in annotation.__metadata__
    ):
        return True
    return any(map(holds_base64, get_args(annotation)))


def write_in_base64(annotation: Any) -> Any:
    """Return an annotation in which all bytes are base64."""
    if annotation is bytes:
        return Annotated[bytes, Base64Text()]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner, *others = args
        own = any(map(is_own_way, others))
        return annotation if own else Annotated[write_in_base64(inner), *others]
    return map_arguments(annotation, write_in_base64)
