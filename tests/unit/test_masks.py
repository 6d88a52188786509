"""Fields that are shown otherwise than stored, by Pydantic's core alone."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, Field, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

from modelwire.catalog.reading.masks import find_masked


class Formatted:
    """Has the core write a value by a format."""

    def __init__(self, format_: str) -> None:
        self.format = format_

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema: Any = handler(source)
        schema["serialization"] = core_schema.format_ser_schema(self.format)
        masked: CoreSchema = schema
        return masked


class Shy:
    """A class whose text tells less than it holds."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.is_instance_schema(cls, serialization=core_schema.to_string_ser_schema())


class Shown(BaseModel):
    plain: str
    short: Annotated[str, Formatted(".4")]
    round: Annotated[float, Formatted(".0f")]
    shy: Shy
    zone: ZoneInfo
    long: Annotated[str, Field(max_length=9)]
    lower: Annotated[str, StringConstraints(to_lower=True)]
    upper: Annotated[str | None, StringConstraints(to_upper=True)]
    bare: Annotated[str, StringConstraints(strip_whitespace=True)]


@pytest.mark.parametrize("validates", [False, True])
def test_forms_of_the_core(validates: bool) -> None:
    """A format and an object's text hide something; so does what validation rewrites."""
    rewritten = {"lower", "upper", "bare"} if validates else set()
    assert find_masked(Shown, validates=validates) == {"short", "round", "shy"} | rewritten
