"""A type that accepts any value that a driver returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine, UserDefinedType

from ..catalog.invalid_values import Unreadable
from .compiled import decoder_of

Convert = Callable[[Any], Any]


class Lenient(UserDefinedType[Any]):
    """Type whose values are `Unreadable` if they can't be converted.

    Args:
        own: The type that they should have.
        prepare: Converts a returned value to the one that the driver would return for that type; no
            conversion by default.
    """

    cache_ok = True

    def __init__(self, own: TypeEngine[Any], prepare: Convert | None = None) -> None:
        self.own = own
        self.prepare = prepare

    def result_processor(self, dialect: Dialect, _coltype: object) -> Convert | None:
        steps = [step for step in (self.prepare, decoder_of(self.own, dialect)) if step is not None]
        if not steps:
            return None

        def process(value: Any) -> Any:
            if value is None:
                return None
            try:
                for step in steps:
                    value = step(value)
                    if isinstance(value, Unreadable):
                        break
            except Exception:  # anything that a type raises for a value
                return Unreadable(value)
            return value

        return process
