"""Model classes that are made at run time, with names and columns that tests draw."""

from collections.abc import Mapping
from types import new_class
from typing import Any, cast

from sqlmodel import SQLModel


def make_class(
    name: str, base: type[SQLModel], body: Mapping[str, Any], **options: Any
) -> type[SQLModel]:
    """Make a class as a `class` statement does.

    Args:
        name: Its name.
        base: What it is derived from.
        body: What its block would define, annotations included.
        options: What stands beside the base, such as `table`.
    """
    made = new_class(name, (base,), options, lambda namespace: namespace.update(body))
    return cast("type[SQLModel]", made)
