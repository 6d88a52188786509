"""Finds what of a model is made of a field, and shown beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from types import CodeType

from pydantic import BaseModel


def find_looking(model: type[BaseModel], key: str) -> str | None:
    """Find a computed field, or a serializer of other fields, whose code names a field.

    Code may come by a value in other ways too, which no look at it tells. So this is no guard: it
    says at start-up what would fail at a request otherwise.

    Args:
        model: The model.
        key: The field's name in Python.

    Returns:
        The name of the first; None if there is none.
    """
    decorators = model.__pydantic_decorators__
    shown = list(decorators.computed_fields)
    shown += [n for n, d in decorators.field_serializers.items() if set(d.info.fields) != {key}]
    return next((name for name in shown if key in _names_in(model, name, set())), None)


def _names_in(model: type[BaseModel], name: str, seen: set[str]) -> Iterator[str]:
    """The names in the code of a member of a class, and in that of the members that it names."""
    seen.add(name)
    for code in _codes_of(_code_of(model, name)):
        for other in code.co_names:
            yield other
            if other not in seen:
                yield from _names_in(model, other, seen)


def _code_of(model: type[BaseModel], name: str) -> CodeType | None:
    member = next((vars(cls)[name] for cls in model.__mro__ if name in vars(cls)), None)
    member = getattr(member, "wrapped", member)  # as Pydantic keeps what it has decorated
    if isinstance(member, property):
        member = member.fget
    if isinstance(member, cached_property):
        member = member.func
    code = getattr(getattr(member, "__func__", member), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _codes_of(code: CodeType | None) -> Iterator[CodeType]:
    """Code, and that of the functions and comprehensions in it."""
    if code is not None:
        yield code
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from _codes_of(constant)
