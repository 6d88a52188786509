"""Which fields of a schema are found to be shown as something else than is stored."""

import enum
import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AfterValidator,
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    BaseModel,
    Field,
    PlainSerializer,
    PlainValidator,
    Secret,
    SecretBytes,
    SecretStr,
    StringConstraints,
    WrapSerializer,
)

from modelwire.catalog.masks import find_masked


def mask(value: Any) -> str:
    return f"***{str(value)[-2:]}"


class Color(enum.Enum):
    RED = "red"


class Node(BaseModel):
    """Refers to itself."""

    name: str
    below: "list[Node]" = []


class Standard(BaseModel):
    """What Pydantic reads and writes by itself, with functions of its own or of Python's."""

    number: Annotated[int, Field(gt=0)]
    price: Annotated[Decimal, Field(max_digits=5, decimal_places=2)]
    text: Annotated[str, StringConstraints(strip_whitespace=True, pattern="^a")]
    address: IPv4Address
    path: Path
    url: AnyUrl
    key: uuid.UUID
    color: Color | None
    choice: Literal["a", "b"] = "a"
    moment: AwareDatetime
    others: tuple[date, time, timedelta, datetime]
    data: dict[str, Any] | None
    node: Node
    file: Base64Bytes
    default: dict[str, Any] = {"serialization": {"function": mask}}


class Masks(BaseModel):
    """A field of each kind that is written in a way of the user's own, and one that is not."""

    plain: Annotated[str, PlainSerializer(mask)]
    wrapped: Annotated[str, WrapSerializer(lambda value, _: mask(value))] | None
    inner: list[Annotated[str, PlainSerializer(mask)]]
    length: Annotated[str, PlainSerializer(len)]
    text: SecretStr
    data: SecretBytes | None
    value: Secret[int]
    sometimes: str = Field(exclude_if=lambda value: value == "x")
    other: str


class Validated(BaseModel):
    after: Annotated[str, AfterValidator(mask)]
    instead: Annotated[str, PlainValidator(mask)]
    other: str


@pytest.mark.parametrize("validates", [True, False])
def test_standard_types(validates: bool) -> None:
    """What Pydantic does by itself masks nothing."""
    assert find_masked(Standard, validates=validates) == frozenset()


def test_serializers() -> None:
    """Serializers mask wherever they stand, and types that show nothing do."""
    assert find_masked(Masks, validates=False) == set(Masks.model_fields) - {"other"}


def test_validators() -> None:
    """Validators mask where rows are validated to be shown."""
    assert find_masked(Validated, validates=True) == {"after", "instead"}
    assert "after" not in find_masked(Validated, validates=False)
