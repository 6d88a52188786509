"""Names of classes, fields and tables as words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\W]+")


def to_words(name: str) -> str:
    """Write a name as lower-case words: `OrderLine` and `order_line` become `order line`."""
    return " ".join(part.lower() for part in _BOUNDARY.split(name) if part)


def to_title(name: str) -> str:
    """Write a name as capitalised words: `full_name` becomes `Full name`."""
    words = to_words(name)
    return words[:1].upper() + words[1:]


def join_words(names: Sequence[str], conjunction: str = "and") -> str:
    """Join names with commas, and the last one with a conjunction."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {conjunction} {names[-1]}"


def escape_pointer(name: str) -> str:
    """Write a name as one step of a JSON Pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def name_of(key: str, info: FieldInfo) -> str:
    """Return the name of a schema's field in a body."""
    alias = info.validation_alias if isinstance(info.validation_alias, str) else info.alias
    return alias or key


def names_taken(key: str, info: FieldInfo) -> frozenset[str]:
    """Return all names under which Pydantic may look for the value of a field."""
    given = info.validation_alias
    choices = given.choices if isinstance(given, AliasChoices) else (given, info.alias, key)
    firsts = (choice.path[0] if isinstance(choice, AliasPath) else choice for choice in choices)
    return frozenset((key, *(first for first in firsts if isinstance(first, str))))


def places_of(key: str, info: FieldInfo) -> Sequence[Sequence[str]]:
    """Return the places in a body where a schema looks for the value of a field, the first first.

    Each is a name, or the steps that lead there.
    """
    given = info.validation_alias or info.alias or key
    choices = given.choices if isinstance(given, AliasChoices) else [given]
    return [
        [str(step) for step in choice.path] if isinstance(choice, AliasPath) else [choice]
        for choice in choices
    ]


def names_in_bodies(schema: type[BaseModel]) -> Mapping[str, str]:
    """Return the names that bodies may use for a schema's fields, with the names in Python."""
    config = schema.model_config
    by_key = config.get("populate_by_name") or config.get("validate_by_name")
    keys = {key: key for key in schema.model_fields} if by_key else {}
    return {**keys, **{name_of(key, info): key for key, info in schema.model_fields.items()}}


def shown_name(key: str, info: FieldInfo) -> str:
    """Return the name of a field in answers."""
    return info.serialization_alias or info.alias or key


def names_shown(schema: type[BaseModel]) -> Mapping[str, str]:
    """Return the names of a schema's fields and computed fields in answers, by those in Python."""
    fields = {
        key: shown_name(key, info) for key, info in schema.model_fields.items() if not info.exclude
    }
    computed = {key: info.alias or key for key, info in schema.model_computed_fields.items()}
    return {**fields, **computed}


def is_own_table(name: str) -> bool:
    """Whether a table is one of modelwire's own."""
    return name.startswith("modelwire_")
