"""Bodies of bulk requests: arrays, alone or under the name of the resource."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...catalog.names import escape_pointer
from ...catalog.tables import Table
from ...errors import Faults, InvalidRequest, TooLarge, Violation
from ..keys import Key


class Batch(NamedTuple):
    """Elements of a bulk body.

    Args:
        items: The elements.
        pointers: The place of each in the body.
    """

    items: list[Any]
    pointers: list[str]

    def split(self) -> Iterator[Batch]:
        """Yield a batch for each element, with its place in the body."""
        for item, pointer in zip(self.items, self.pointers, strict=True):
            yield Batch([item], [pointer])


def read_batch(table: Table, body: Any, noun: str = "rows") -> Batch:
    """Read the body of a bulk request.

    Args:
        table: The resource.
        body: The JSON value of the body: an array, or an object that has one under the last segment
            of the resource's path.
        noun: The noun for its elements, for messages.

    Returns:
        The elements.

    Raises:
        InvalidRequest: It is neither.
        TooLarge: It has more elements than the resource accepts.
    """
    name = table.path.rpartition("/")[2]
    pointer = ""
    if isinstance(body, dict):
        if list(body) != [name]:
            message = f"should be an array of {noun}, or an object with just `{name}`"
            raise InvalidRequest(Violation(message, "bulk_body", pointer=""))
        body, pointer = body[name], f"/{escape_pointer(name)}"
    if not isinstance(body, list):
        message = f"should be an array of {noun}"
        raise InvalidRequest(Violation(message, "list_type", pointer=pointer))
    check_rows(table, len(body))
    return Batch(body, [f"{pointer}/{i}" for i in range(len(body))])


def check_rows(table: Table, count: int) -> None:
    """Refuse more rows than one request may write.

    Raises:
        TooLarge: There are more than the resource's `max_bulk_rows`.
    """
    limit = table.resource.max_bulk_rows
    if count > limit:
        raise TooLarge(f"One request may write at most {limit} rows of {table.name}")


def check_distinct(keys: Sequence[Key | None], pointers: Sequence[str], faults: Faults) -> None:
    """Refuse keys that occur more than once in a body."""
    seen: set[Key] = set()
    for key, pointer in zip(keys, pointers, strict=True):
        if key is None:
            continue
        if key in seen:
            faults.add(repeated_key(pointer))
        seen.add(key)


def repeated_key(pointer: str) -> Violation:
    """Return the violation for a row that repeats an earlier key."""
    return Violation("has the key of a row before it", "duplicate_key", pointer)
