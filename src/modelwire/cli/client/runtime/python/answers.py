"""Responses of a service: rows, pages, sums, changes, and problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter


class Value(BaseModel):
    """Value with several parts."""

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=())


class Row(Value):
    """Row as it is shown; fields not requested are None, and not in `model_fields_set`."""

    # In a slot, since Pydantic compares and copies the attributes that it knows of.
    __slots__ = ("_tag",)

    @property
    def etag(self) -> str | None:
        """Entity tag of a row that was read by itself; None for the rows of lists."""
        tag: str | None = getattr(self, "_tag", None)
        return tag


def tag_row(row: Row, tag: str | None) -> None:
    """Set the entity tag of a row."""
    object.__setattr__(row, "_tag", tag)


OtherT = TypeVar("OtherT")


@dataclass(frozen=True, slots=True)
class Fault:
    """Fault of a request, and its place: in the body, a parameter, or a header."""

    code: str
    message: str
    pointer: str | None = None
    parameter: str | None = None
    position: int | None = None


class Problem(Exception):
    """Refusal of a request.

    Attributes:
        status: The status of the response.
        code: A stable name of the problem; empty where the service gives none.
        title: The standard phrase of the status.
        detail: One sentence for people.
        errors: The faults, and their places.
        more_errors: The number of faults that are not listed.
        request_id: The id of the request, by which logs can be searched.
        retry_after_s: Seconds after which to try again, where the service says so.
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
    """Page of a list.

    Attributes:
        items: Its rows.
        total: The number of rows that match; None where they were not counted.
        total_is_estimate: Whether that is an estimate.
        skip: Rows before the page.
        limit: The maximum number of rows on the page.
        change: The change after which to follow the rows shown, where that is possible.
    """

    items: Sequence[OtherT]
    total: int | None
    total_is_estimate: bool
    skip: int
    limit: int
    change: int | None


@dataclass(frozen=True, slots=True)
class CursorPage(Generic[OtherT]):
    """Page by a cursor: `next` and `previous` are the cursors of the pages around it."""

    items: Sequence[OtherT]
    limit: int
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class Groups:
    """Sums over groups of rows; values are as in JSON. `more` tells whether groups follow."""

    items: Sequence[Mapping[str, JsonValue]]
    skip: int
    limit: int
    more: bool


@dataclass(frozen=True, slots=True)
class Change(Generic[OtherT]):
    """Change of a row; there is no `item` if it is gone."""

    number: int
    at: datetime
    operation: Literal["create", "update", "delete"]
    key: JsonValue
    item: OtherT | None = None


@dataclass(frozen=True, slots=True)
class PastChange:
    """Change of a row in its history; values are as in JSON."""

    number: int
    at: datetime
    operation: Literal["create", "update", "delete"]
    by: JsonValue
    changed: Mapping[str, Mapping[str, JsonValue]]


PAST = TypeAdapter(PastChange)
