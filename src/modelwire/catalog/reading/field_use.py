"""Detects code of a model that computes something shown from a field."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from types import CodeType

from pydantic import BaseModel

from ...compat.pydantic import decorators_of

_VARIABLES = ("LOAD_FAST", "LOAD_DEREF")
"""Prefixes of the instructions that load variables, in every version of Python."""


def find_looking(model: type[BaseModel], key: str) -> str | None:
    """Find a computed field, or a serializer of other fields, whose code reads a field.

    Code may get at a value in other ways, too, which can't be detected. So this is not a safeguard:
    it reports at start-up what would otherwise fail in a request.

    Args:
        model: The model.
        key: The field's name in Python.

    Returns:
        The name of the first one; None if there is none.
    """
    decorators = decorators_of(model)
    shown = list(decorators.computed_fields)
    shown += [n for n, d in decorators.field_serializers.items() if set(d.info.fields) != {key}]
    return next((name for name in shown if key in _names_read(model, name, set())), None)


def _names_read(model: type[BaseModel], name: str, seen: set[str]) -> Iterator[str]:
    """Yield the attributes that a member of a class reads of its instance, directly or
    indirectly."""
    seen.add(name)
    code = _code_of(model, name)
    if code is None or not code.co_argcount:
        return
    for other in _attributes_of(code, code.co_varnames[0]):
        yield other
        if other not in seen:
            yield from _names_read(model, other, seen)


def _code_of(model: type[BaseModel], name: str) -> CodeType | None:
    member = next((vars(cls)[name] for cls in model.__mro__ if name in vars(cls)), None)
    member = getattr(member, "wrapped", member)  # unwraps what Pydantic has decorated
    if isinstance(member, property):
        member = member.fget
    if isinstance(member, cached_property):
        member = member.func
    code = getattr(getattr(member, "__func__", member), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _attributes_of(code: CodeType, variable: str) -> Iterator[str]:
    """Yield the attributes of a variable that code reads, including nested functions."""
    for loaded, read in pairwise(dis.get_instructions(code)):
        if not loaded.opname.startswith(_VARIABLES):
            continue
        # Some instructions load two variables at once; the second is on top of the stack.
        name = loaded.argval[-1] if isinstance(loaded.argval, tuple) else loaded.argval
        if name == variable and read.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            yield str(read.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _attributes_of(constant, variable)
