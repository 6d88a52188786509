"""Vectors between Python and a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from .json_text import write_json


class VectorText(TypeDecorator[Sequence[float]]):
    """Vectors as their text, which has the syntax of a JSON array (pgvector, Reference)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[float] | None, _dialect: Dialect) -> str | None:
        return None if value is None else write_json([float(number) for number in value])

    def process_result_value(self, value: Any, _dialect: Dialect) -> list[float] | None:
        return msgspec.json.decode(value, type=list[float]) if value is not None else None
