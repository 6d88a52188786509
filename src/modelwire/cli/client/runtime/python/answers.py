"""What a service answers: rows, pages, sums, changes, and why it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter


class Value(BaseModel):
    """A value of several parts."""

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())


class Row(Value):
    """A row, as it is shown. What was not asked for is None, and not in `model_fields_set`."""

    # In a slot, since Pydantic compares and copies what it knows of.
    __slots__ = ("_tag",)

    @property
    def etag(self) -> str | None:
        """Its tag, where it was answered by itself; None for the rows of lists."""
        tag: str | None = getattr(self, "_tag", None)
        return tag


def tag_row(row: Row, tag: str | None) -> None:
    """Note the tag that a row was answered with."""
    object.__setattr__(row, "_tag", tag)


OtherT = TypeVar("OtherT")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request, and where: in its body, a parameter, or a header."""

    code: str
    message: str
    pointer: str | None = None
    parameter: str | None = None
    position: int | None = None


class Problem(Exception):
    """A request was refused.

    Attributes:
        status: The status of the answer.
        code: A stable name for what happened; what a service has no code for has another one.
        title: The standard phrase of the status.
        detail: One sentence for a person.
        errors: What is wrong, and where.
        more_errors: How many more there are than are listed.
        request_id: The id of the request, by which it is found in logs.
        retry_after_s: Seconds after which it may be tried again, where the service says so.
    """

    def __init__(self, answer: httpx.Response, told: Mapping[str, JsonValue]) -> None:
        self.status = answer.status_code
        self.code = str(told.get("code", ""))
        self.title = str(told.get("title", answer.reason_phrase))
        self.detail = str(told.get("detail", ""))
        self.errors = _FAULTS.validate_python(told.get("errors", []))
        self.more_errors = _INTEGER.validate_python(told.get("more_errors", 0))
        self.request_id = answer.headers.get("x-request-id")
        after = answer.headers.get("retry-after", "")
        self.retry_after_s = int(after) if after.isdigit() else None
        super().__init__(f"{self.status} {self.code}: {self.detail}")


_FAULTS = TypeAdapter(tuple[Fault, ...])
_INTEGER = TypeAdapter(int)


@dataclass(frozen=True, slots=True)
class Page(Generic[OtherT]):
    """A page of a list.

    Attributes:
        items: Its rows.
        total: How many rows match; None where they were not counted.
        total_is_estimate: Whether that is an estimate.
        skip: Rows before the page.
        limit: Rows on the page, at most.
        change: The change behind which to follow what is shown, where that is possible.
    """

    items: Sequence[OtherT]
    total: int | None
    total_is_estimate: bool
    skip: int
    limit: int
    change: int | None


@dataclass(frozen=True, slots=True)
class CursorPage(Generic[OtherT]):
    """A page by a cursor: `next` and `previous` are the cursors of the pages around it."""

    items: Sequence[OtherT]
    limit: int
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Groups:
    """Sums over groups of rows; values are as in JSON. `more` says whether there are others."""

    items: Sequence[Mapping[str, JsonValue]]
    skip: int
    limit: int
    more: bool


@dataclass(frozen=True, slots=True)
class Change(Generic[OtherT]):
    """A change of a row that others are told of; there is no `item` where it is gone."""

    number: int
    at: datetime
    operation: Literal["create", "update", "delete"]
    key: JsonValue
    item: OtherT | None = None


@dataclass(frozen=True, slots=True)
class PastChange:
    """A change of a row in its history; values are as in JSON."""

    number: int
    at: datetime
    operation: Literal["create", "update", "delete"]
    by: JsonValue
    changed: Mapping[str, Mapping[str, JsonValue]]


PAST = TypeAdapter(PastChange)
