"""Annotations of fields, as far as they can be resolved at run time."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Annotated, Any, ForwardRef, Literal, get_args, get_origin

from pydantic import PydanticUndefinedAnnotation
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from ...compat.pydantic import is_complete
from ...errors import ConfigurationError
from ..binary import says_itself, write_in_base64
from ..kinds import Kind, map_arguments, stored_kind
from ..serializers import is_own_way
from ..vectors import annotate_vector, is_vector


def read_annotation(
    model: type[SQLModel], key: str, sql_type: TypeEngine[Any], *, nullable: bool
) -> Any:
    """Read the annotation of a field.

    Args:
        model: The model.
        key: The field's name in Python.
        sql_type: The type of its column. It replaces an annotation that names something imported
            only for type checkers.
        nullable: Whether its column takes NULL.

    Returns:
        The annotation, with `None` if the field allows it.

    Raises:
        ConfigurationError: The type of the field's values can't be determined.
    """
    info = model.model_fields[key]
    annotation = info.annotation
    if is_vector(sql_type):
        return _take_none(annotate_vector(sql_type), nullable)
    if not _is_open(annotation):
        own = says_itself(model.model_config) or any(map(is_own_way, info.metadata))
        return annotation if own else write_in_base64(_close(annotation))
    if stored_kind(sql_type) is Kind.JSON:
        return Any
    told = class_told_by(sql_type)
    if told is None:
        raise ConfigurationError(
            f"{model.__name__}.{key} is annotated with a name that is not defined at run time, "
            f"and its column's type, {type(sql_type).__name__}, doesn't say either what its values "
            "are. Import the name outside of `if TYPE_CHECKING`."
        )
    return _take_none(told, nullable)


def class_told_by(sql_type: TypeEngine[Any]) -> type | None:
    """Return the class of a column's values, if its type tells it; a user's own type may not."""
    try:
        told = sql_type.python_type
    except NotImplementedError:
        return None
    return None if told is object else told


def complete_model(model: type[SQLModel]) -> None:
    """Resolve names in annotations that did not exist yet when the class was created."""
    if not is_complete(model):
        with suppress(PydanticUndefinedAnnotation, NameError):
            model.model_rebuild(raise_errors=False)


def find_open(model: type[SQLModel]) -> Sequence[str]:
    """Return the Python names of the fields whose annotations have unresolved names."""
    return [key for key, info in model.model_fields.items() if _is_open(info.annotation)]


def _take_none(annotation: Any, nullable: bool) -> Any:
    return annotation | None if nullable else annotation


_LAZY = (Iterable, Iterator, Generator)
"""Types that Pydantic validates lazily, on iteration, and for which it accepts objects and
texts."""


def _close(annotation: Any) -> Any:
    """Return an annotation in which lazy iterables are replaced by lists."""
    origin, args = get_origin(annotation), get_args(annotation)
    if any(cls in (origin, annotation) for cls in _LAZY):
        return list[_close(args[0]) if args else Any]  # type: ignore[misc]
    if origin is Annotated:
        return Annotated[_close(args[0]), *args[1:]]
    return map_arguments(annotation, _close)


def _is_open(annotation: Any) -> bool:
    """Whether an annotation has an unresolved name."""
    if isinstance(annotation, (str, ForwardRef)):
        return True
    return get_origin(annotation) is not Literal and any(map(_is_open, get_args(annotation)))
