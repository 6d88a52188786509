"""A type that takes whatever a driver gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine, UserDefinedType

from ..catalog.unreadable import Unreadable
from .compiled import decoder_of

Convert = Callable[[Any], Any]


class Lenient(UserDefinedType[Any]):
    """A type whose values are `Unreadable` where they can't be read.

    Args:
        own: The type that they should be of.
        prepare: Makes what the driver would have given of what it gives; the same, by default.
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
            except Exception:  # whatever a type raises for a value
                return Unreadable(value)
            return value

        return process
