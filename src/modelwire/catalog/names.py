"""Names as words: how classes, fields and tables read in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from heapq import nlargest
from operator import add

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\W]+")


def to_words(name: str) -> str:
    """Write a name as lower-case words: `OrderLine` and `order_line` are `order line`."""
    return " ".join(part.lower() for part in _BOUNDARY.split(name) if part)


def to_title(name: str) -> str:
    """Write a name as words with a capital: `full_name` is `Full name`."""
    words = to_words(name)
    return words[:1].upper() + words[1:]


def join_words(names: Sequence[str]) -> str:
    """Join names with commas and a last `and`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def did_you_mean(name: str, known: Iterable[str], *, start: str = "", end: str = "") -> str:
    """Name the closest known name, in whatever case, in brackets; empty where none is close.

    It may be asked for names that were made to cost time. So what is too long is like no other, and
    only the few that have most letters in common with a name are compared with it in their order.

    Args:
        name: The name that is not known.
        known: Those that are.
        start: What the one that is meant would have before it.
        end: What it would have behind it.
    """
    if len(name) > _LONGEST:
        return ""
    folded: dict[str, str] = {}
    for other in known:
        if len(other) <= _LONGEST:
            folded.setdefault(other.lower(), other)
    parts = _parts_of(name.lower())
    likely = nlargest(_COMPARED, folded, key=lambda other: _overlap(parts, _known_parts_of(other)))
    closest = get_close_matches(name.lower(), likely, n=1, cutoff=0.6)
    return f" (did you mean `{start}{folded[closest[0]]}{end}`?)" if closest else ""


_LONGEST = 64
"""Characters of names that are compared."""

_COMPARED = 3
"""Names that are compared with another one letter by letter, at most."""


def _parts_of(name: str) -> frozenset[str]:
    """The letters of a name, and its pairs of letters."""
    return frozenset((*name, *map(add, name, name[1:])))


# What is known may end with what a client has written.
_known_parts_of = lru_cache(maxsize=256)(_parts_of)


def _overlap(some: frozenset[str], others: frozenset[str]) -> float:
    return len(some & others) / (len(some) + len(others) + 1)


def escape_pointer(name: str) -> str:
    """Write a name as one step of a JSON Pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


def name_of(key: str, info: FieldInfo) -> str:
    """The name of a schema's field in a body."""
    alias = info.validation_alias if isinstance(info.validation_alias, str) else info.alias
    return alias or key


def names_in_bodies(schema: type[BaseModel]) -> Mapping[str, str]:
    """The names by which bodies may give the fields of a schema, with those in Python."""
    config = schema.model_config
    by_key = config.get("populate_by_name") or config.get("validate_by_name")
    keys = {key: key for key in schema.model_fields} if by_key else {}
    return {**keys, **{name_of(key, info): key for key, info in schema.model_fields.items()}}


def shown_name(key: str, info: FieldInfo) -> str:
    """The name under which a field is shown, by its name in Python."""
    return info.serialization_alias or info.alias or key


def names_shown(schema: type[BaseModel]) -> Mapping[str, str]:
    """The names under which a schema shows its fields and what it computes, by those in Python."""
    fields = {
        key: shown_name(key, info) for key, info in schema.model_fields.items() if not info.exclude
    }
    computed = {key: info.alias or key for key, info in schema.model_computed_fields.items()}
    return {**fields, **computed}
